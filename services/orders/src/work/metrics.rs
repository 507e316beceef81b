//! What is counted about the work.

use prometheus::{
    Histogram, IntCounter, IntGauge, Registry, register_histogram_with_registry,
    register_int_counter_with_registry, register_int_gauge_with_registry,
};

/// Seconds of one price, from its start on a thread. Read next to the request's duration: the
/// difference is the queue.
pub const WORK_SECONDS: &str = "orders_work_seconds";
/// Prices waiting for a worker. Read as saturation: at `WORK_QUEUE`, the next one is refused.
pub const WORK_WAITING: &str = "orders_work_waiting";
/// Prices refused for want of room. Read by load tests: refusing in time is what an overloaded
/// service can do best.
pub const REJECTED_TOTAL: &str = "orders_rejected_total";

/// From 0.1 ms, one unit of work, to where a user has left.
const BUCKETS: [f64; 12] =
    [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 10.0];

/// Handles to the metrics.
pub(super) struct Metrics {
    pub(super) seconds: Histogram,
    pub(super) waiting: IntGauge,
    pub(super) rejected: IntCounter,
}

impl Metrics {
    /// Creates the metrics, all series at 0.
    pub(super) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let help = "Seconds that the work for one price took.";
        let buckets = BUCKETS.to_vec();
        let seconds = register_histogram_with_registry!(WORK_SECONDS, help, buckets, registry)?;
        let help = "Prices that wait for a worker.";
        let waiting = register_int_gauge_with_registry!(WORK_WAITING, help, registry)?;
        let help = "Prices refused because all was busy.";
        let rejected = register_int_counter_with_registry!(REJECTED_TOTAL, help, registry)?;
        Ok(Self { seconds, waiting, rejected })
    }
}
