//! What this crate generates, judged by Prometheus's own engine through `promtool`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "what only tests use is test code")]

mod common;
mod detection;
mod gate;
mod period;
mod rules;
