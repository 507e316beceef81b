//! What is counted about watchers.

use prometheus::{
    IntCounter, IntGauge, Registry, register_int_counter_with_registry,
    register_int_gauge_with_registry,
};

/// Streams that are open. Read next to memory: each costs some, whether or not it reads.
pub const WATCHERS: &str = "orders_watchers";
/// Bytes of orders that wait for watchers to read them. Read as the bug's own size; RSS rises with
/// it, or it is another leak.
pub const WATCH_WAITING_BYTES: &str = "orders_watch_waiting_bytes";
/// Watchers dropped because they were too far behind. Read by those who miss their events.
pub const WATCHERS_DROPPED_TOTAL: &str = "orders_watchers_dropped_total";
/// Bytes after which the unbounded queues take no more. Read as the ceiling of what waits.
pub const WATCH_BUDGET_BYTES: &str = "orders_watch_budget_bytes";
/// 1 once the budget has stopped the bug: a flat line in the graph is then no recovery.
pub const WATCH_BUDGET_EXHAUSTED: &str = "orders_watch_budget_exhausted";

/// Handles to the metrics.
pub(super) struct Metrics {
    pub(super) watchers: IntGauge,
    pub(super) waiting: IntGauge,
    pub(super) dropped: IntCounter,
    pub(super) exhausted: IntGauge,
}

impl Metrics {
    /// Creates the metrics; `budget` is in bytes and does not change.
    pub(super) fn register(registry: &Registry, budget: usize) -> Result<Self, prometheus::Error> {
        let budget_bytes = register_int_gauge_with_registry!(
            WATCH_BUDGET_BYTES,
            "Bytes after which no more orders wait for watchers.",
            registry
        )?;
        budget_bytes.set(i64::try_from(budget).unwrap_or(i64::MAX));
        Ok(Self {
            watchers: register_int_gauge_with_registry!(
                WATCHERS,
                "Streams of new orders that are open.",
                registry
            )?,
            waiting: register_int_gauge_with_registry!(
                WATCH_WAITING_BYTES,
                "Bytes of orders that wait for watchers to read them.",
                registry
            )?,
            dropped: register_int_counter_with_registry!(
                WATCHERS_DROPPED_TOTAL,
                "Watchers dropped because they were too slow.",
                registry
            )?,
            exhausted: register_int_gauge_with_registry!(
                WATCH_BUDGET_EXHAUSTED,
                "1 once the budget has stopped the unbounded queues.",
                registry
            )?,
        })
    }
}
