//! What the tests of several crates share. The README has the table.
#![allow(
    clippy::unwrap_used,
    reason = "what only tests use is test code: it fails where it stands"
)]

pub mod collector;
pub mod crd;
pub mod dns_server;
pub mod history;
pub mod page;
pub mod processes;
pub mod program;
pub mod project;
pub mod prometheus;
pub mod promtool;
pub mod terminal;
pub mod turn;
pub mod wait;

/// The examples of the README are compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
