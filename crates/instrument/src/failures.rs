//! Connections that fail, counted by whoever sees it: the listener of `serve/connections.rs`, or
//! Rocket's, which only logs (`traces/logs.rs` reads its lines).

use prometheus::{IntCounter, Registry, register_int_counter_with_registry};

/// Connections that ended in an error: malformed HTTP, which hyper answers with 400 before any of
/// our code runs, and resets.
pub(crate) const CONNECTIONS_FAILED_TOTAL: &str = "rocket_connections_failed_total";
/// Times that no connection could be accepted, usually because no file descriptor was left. Read
/// first when clients wait for a service that has nothing to do.
pub(crate) const ACCEPT_ERRORS_TOTAL: &str = "rocket_connections_accept_errors_total";

/// Handles to the metrics.
#[derive(Clone)]
pub(crate) struct Failures {
    pub(crate) failed: IntCounter,
    pub(crate) not_accepted: IntCounter,
}

impl Failures {
    /// Creates the metrics.
    ///
    /// # Errors
    /// If `registry` already holds a metric of one of these names.
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            failed: register_int_counter_with_registry!(
                CONNECTIONS_FAILED_TOTAL,
                "Connections that ended in an error, such as malformed HTTP or a reset.",
                registry
            )?,
            not_accepted: register_int_counter_with_registry!(
                ACCEPT_ERRORS_TOTAL,
                "Times that no connection could be accepted.",
                registry
            )?,
        })
    }
}
