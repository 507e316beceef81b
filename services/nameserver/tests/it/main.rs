//! Nameservers as they run, asked over the loopback interface.
#![allow(clippy::unwrap_used, reason = "a test has nobody to return an error to")]

mod answers;
mod flood;
mod hostile;
mod incident;
mod peers;
mod spoofed;
mod support;
mod transfers;
