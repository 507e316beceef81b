//! Tests across the whole project: its shape, its documents, its metrics, its launcher.
#![allow(
    clippy::unwrap_used,
    reason = "clippy takes helpers outside of test functions for production code"
)]

mod circles;
mod contract;
mod docs;
mod generated;
mod kept_inputs;
mod kinds;
mod launcher;
mod links;
mod locked;
mod names;
mod overlays;
mod pages;
mod pipelines;
mod programs;
mod style;
mod tidy;
