//! Asking Prometheus.

mod client;
pub(crate) mod many;
mod series;

pub use client::{Prometheus, QueryFailed};
pub use series::Series;
