//! The stage against a fake API server, which runs everywhere, and against a real cluster, which CI
//! has.
#![allow(clippy::unwrap_used, reason = "a test has nobody to return an error to")]

mod fake;
mod fetch;
mod guarded;
mod on_a_cluster;
mod recorded;
mod unwell;
mod workshop;
