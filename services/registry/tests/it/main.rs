//! What `registry` promises to clients, each a real connection to the service as it ships.
#![allow(clippy::unwrap_used, reason = "a test has nobody to return an error to")]

mod caches;
mod clients;
mod conformance;
mod crowd;
mod hostile;
mod limits;
mod support;
mod tokens;
