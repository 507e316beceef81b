//! What `dns-leaker` counts about its bug. The lookups themselves are counted by the resolver:
//! `dns_lookups_total` and `dns_lookup_duration_seconds`, by `result`.

use prometheus::{
    IntCounter, IntGauge, Registry, register_int_counter_with_registry,
    register_int_gauge_with_registry,
};

/// Bytes leaked and not given back. Read next to RSS: the two rise together, or it is another leak.
pub const LEAKED_BYTES: &str = "leaked_bytes";
/// The bytes after which leaking stops. Read as the ceiling in the graph of the above.
pub const LEAK_BUDGET_BYTES: &str = "leak_budget_bytes";
/// 1 once a leak was refused because of the budget: a flat line in the graph is then no recovery.
pub const LEAK_BUDGET_EXHAUSTED: &str = "leak_budget_exhausted";
/// Lookups of the loop that were not made because too many were still waiting for an answer.
pub const LOOKUPS_SKIPPED_TOTAL: &str = "dns_lookups_skipped_total";

/// Handles to the metrics.
#[derive(Clone)]
pub struct Metrics {
    pub(crate) leaked_bytes: IntGauge,
    pub(crate) budget_exhausted: IntGauge,
    pub(crate) lookups_skipped: IntCounter,
}

impl Metrics {
    /// Creates the metrics; `budget` is in bytes and does not change.
    ///
    /// # Errors
    /// If `registry` already holds a metric of one of these names.
    pub fn register(registry: &Registry, budget: usize) -> Result<Self, prometheus::Error> {
        let budget_bytes = register_int_gauge_with_registry!(
            LEAK_BUDGET_BYTES,
            "Bytes after which leaking stops.",
            registry
        )?;
        budget_bytes.set(i64::try_from(budget).unwrap_or(i64::MAX));
        Ok(Self {
            leaked_bytes: register_int_gauge_with_registry!(
                LEAKED_BYTES,
                "Bytes leaked by failed lookups and not given back.",
                registry
            )?,
            budget_exhausted: register_int_gauge_with_registry!(
                LEAK_BUDGET_EXHAUSTED,
                "1 once the leak budget has stopped a leak.",
                registry
            )?,
            lookups_skipped: register_int_counter_with_registry!(
                LOOKUPS_SKIPPED_TOTAL,
                "Lookups not made: too many were waiting.",
                registry
            )?,
        })
    }
}
