//! What is found at registries: this project's, scripted ones, and none.
#![allow(clippy::unwrap_used, reason = "a test has nobody to return an error to")]

mod free;
mod https;
mod said;
mod support;
