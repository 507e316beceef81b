//! What `dns-leaker` leaves behind when it ends. How much it leaks is in `exact_bytes.rs`, a
//! process of its own.
#![allow(clippy::unwrap_used, reason = "a test has nobody to return an error to")]

#[cfg(feature = "dhat-heap")]
mod dhat_file;
