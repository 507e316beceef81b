//! The exporter before real nameservers, and before odd ones.
#![allow(clippy::unwrap_used, reason = "a test has nobody to return an error to")]

mod command_line;
mod fooled;
mod odd;
mod spoofed;
mod support;
