//! What this crate generates, judged by others: by Prometheus's own engine through `promtool`, by a
//! real Prometheus with days of samples, and by a thousand objectives.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "what only tests use is test code")]

mod accepted;
mod backfill;
mod engine;
mod promtool;
mod readme;
mod thousand;
