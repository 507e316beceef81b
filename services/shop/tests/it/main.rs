//! `shop` and `orders` as processes, asked over real sockets.
#![allow(clippy::unwrap_used, reason = "a test has nobody to return an error to")]

mod joined;
