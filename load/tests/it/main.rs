//! The program from outside, against servers of the tests' own.
#![allow(clippy::unwrap_used, reason = "a test has nobody to return an error to")]

mod attack;
mod freeze;
mod fuzz;
mod metrics;
mod names;
mod outcomes;
mod overload;
mod support;
mod terminal;
