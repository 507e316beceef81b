//! What the tests of several crates share.

pub mod collector;
pub mod crd;
pub mod dns_server;
pub mod history;
pub mod prometheus;
