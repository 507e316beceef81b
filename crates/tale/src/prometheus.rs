//! Asking Prometheus.

mod access;
mod address;
mod client;
mod connection;
pub(crate) mod many;
mod request;
mod secrets;
mod series;
#[cfg(feature = "tls")]
mod tls;
#[cfg(not(feature = "tls"))]
#[path = "prometheus/no_tls.rs"]
mod tls;

pub use access::{Access, Files};
pub use client::{Prometheus, QueryFailed};
pub use series::Series;
