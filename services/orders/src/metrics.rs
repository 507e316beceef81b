//! What `orders` counts about its store. Each lesson counts for itself, in its own folder.

use prometheus::{IntCounter, Registry, register_int_counter_with_registry};

/// Orders thrown away because newer ones came. Read by those who miss one.
pub const EVICTED_TOTAL: &str = "orders_evicted_total";

/// Handles to the metrics.
pub(crate) struct Metrics {
    pub(crate) evicted: IntCounter,
}

impl Metrics {
    /// Creates the metrics, all series at 0.
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let help = "Orders given up for newer ones.";
        let evicted = register_int_counter_with_registry!(EVICTED_TOTAL, help, registry)?;
        Ok(Self { evicted })
    }
}
