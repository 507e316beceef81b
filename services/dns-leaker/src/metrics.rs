//! What `dns-leaker` counts about its bug. The lookups themselves are counted by the resolver:
//! `dns_lookups_total` and `dns_lookup_duration_seconds`, by `result`.

use prometheus::{IntCounter, IntGauge, Registry};

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
        let metrics = Self {
            leaked_bytes: IntGauge::new(
                LEAKED_BYTES,
                "Bytes leaked by failed lookups and not given back.",
            )?,
            budget_exhausted: IntGauge::new(
                LEAK_BUDGET_EXHAUSTED,
                "1 once the leak budget has stopped a leak.",
            )?,
            lookups_skipped: IntCounter::new(
                LOOKUPS_SKIPPED_TOTAL,
                "Lookups not made: too many were waiting.",
            )?,
        };
        let budget_bytes = IntGauge::new(LEAK_BUDGET_BYTES, "Bytes after which leaking stops.")?;
        budget_bytes.set(i64::try_from(budget).unwrap_or(i64::MAX));
        registry.register(Box::new(budget_bytes))?;
        registry.register(Box::new(metrics.leaked_bytes.clone()))?;
        registry.register(Box::new(metrics.budget_exhausted.clone()))?;
        registry.register(Box::new(metrics.lookups_skipped.clone()))?;
        Ok(metrics)
    }
}
