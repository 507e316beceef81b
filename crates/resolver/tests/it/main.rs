//! Lookups from outside, against name servers on loopback. What needs a process of its own is in
//! `../open_files.rs`.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod local;
mod options;
mod outcomes;
mod reload;
mod search;
mod servers;
mod support;
mod wire;
