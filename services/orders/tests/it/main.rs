//! What `orders` promises to callers it does not know. What it keeps in memory is in `memory.rs`, a
//! process of its own.
#![allow(clippy::unwrap_used, reason = "a test has nobody to return an error to")]

mod hoarders;
mod hostile;
mod jsonrpc;
mod process;
mod slow_body;
mod threads;
