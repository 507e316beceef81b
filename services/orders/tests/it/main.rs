//! What `orders` promises to callers it does not know. What it keeps in memory is in `memory.rs`, a
//! process of its own.
#![allow(clippy::unwrap_used, reason = "a test has nobody to return an error to")]

mod hostile;
mod jsonrpc;
mod slow_body;
