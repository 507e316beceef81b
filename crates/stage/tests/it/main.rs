//! The local stage from outside: real pods, a real Prometheus and Alertmanager. One program, so
//! that everything is linked once.
#![allow(
    clippy::unwrap_used,
    reason = "clippy takes helpers outside of test functions for production code"
)]

mod chaos;
mod common;
mod http_faults;
mod images;
mod kill;
mod manifests;
mod monitoring;
mod network;
mod network_faults;
mod pods;
mod stress;
