//! What `instrument` promises, asked over real sockets.
#![allow(clippy::unwrap_used, reason = "a test has nobody to return an error to")]

mod cases;
mod client;
mod connections;
mod dns;
mod examples;
mod packages;
mod process;
mod readme;
mod service;
mod support;
mod traces;
