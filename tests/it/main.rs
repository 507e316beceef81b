//! Tests across the whole project: its shape, its documents, its metrics, its launcher.

mod contract;
mod docs;
mod generated;
mod kept_inputs;
mod launcher;
mod names;
mod tidy;
