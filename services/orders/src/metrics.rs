//! What `orders` counts about its work, its store and its JSON-RPC calls.

use prometheus::{
    Histogram, IntCounter, IntCounterVec, IntGauge, Registry, register_histogram_with_registry,
    register_int_counter_vec_with_registry, register_int_counter_with_registry,
    register_int_gauge_with_registry,
};

use crate::rpc::Error;

/// Seconds of one price, from its start on a thread. Read next to the request's duration: the
/// difference is the queue.
pub const WORK_SECONDS: &str = "orders_work_seconds";
/// Prices waiting for a worker. Read as saturation: at `WORK_QUEUE`, the next one is refused.
pub const WORK_WAITING: &str = "orders_work_waiting";
/// Prices refused for want of room. Read by load tests: refusing in time is what an overloaded
/// service can do best.
pub const REJECTED_TOTAL: &str = "orders_rejected_total";
/// Orders thrown away because newer ones came. Read by those who miss one.
pub const EVICTED_TOTAL: &str = "orders_evicted_total";
/// JSON-RPC calls by `method` and `code`. Read because HTTP's status hides them: an error comes
/// with 200.
pub const RPC_REQUESTS_TOTAL: &str = "orders_rpc_requests_total";

/// From 0.1 ms, one unit of work, to where a user has left.
const WORK_BUCKETS: [f64; 12] =
    [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 10.0];

/// The methods that have series of their own. Other methods, and bodies without any, are
/// `unknown`.
pub const METHODS: [&str; 3] = ["orders.get", "orders.create", "orders.price"];
const UNKNOWN: &str = "unknown";
const OK: &str = "ok";
const ERRORS: [Error; 4] = [Error::PARAMS, Error::INTERNAL, Error::BUSY, Error::NO_ORDER];
const ERRORS_OF_UNKNOWN: [Error; 3] = [Error::PARSE, Error::REQUEST, Error::METHOD];

/// Handles to the metrics.
#[derive(Clone)]
pub struct Metrics {
    pub(crate) work_seconds: Histogram,
    pub(crate) waiting: IntGauge,
    pub(crate) rejected: IntCounter,
    pub(crate) evicted: IntCounter,
    rpc: IntCounterVec,
}

impl Metrics {
    /// Creates the metrics, all series at 0.
    ///
    /// # Errors
    /// If `registry` already holds a metric of one of these names.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let metrics = Self {
            work_seconds: register_histogram_with_registry!(
                WORK_SECONDS,
                "Seconds that the work for one price took.",
                WORK_BUCKETS.to_vec(),
                registry
            )?,
            waiting: register_int_gauge_with_registry!(
                WORK_WAITING,
                "Prices that wait for a worker.",
                registry
            )?,
            rejected: register_int_counter_with_registry!(
                REJECTED_TOTAL,
                "Prices refused because all was busy.",
                registry
            )?,
            evicted: register_int_counter_with_registry!(
                EVICTED_TOTAL,
                "Orders given up for newer ones.",
                registry
            )?,
            rpc: register_int_counter_vec_with_registry!(
                RPC_REQUESTS_TOTAL,
                "JSON-RPC calls, by method and code.",
                &["method", "code"],
                registry
            )?,
        };
        for method in METHODS {
            metrics.series(method, None);
            for error in &ERRORS {
                metrics.series(method, Some(error));
            }
        }
        for error in &ERRORS_OF_UNKNOWN {
            metrics.series(UNKNOWN, Some(error));
        }
        Ok(metrics)
    }

    /// Counts one call. `method` is what the caller wrote, and becomes a label only if it is one of
    /// ours.
    pub fn called(&self, method: &str, error: Option<&Error>) {
        let known = METHODS.into_iter().find(|known| *known == method);
        self.series(known.unwrap_or(UNKNOWN), error).inc();
    }

    fn series(&self, method: &str, error: Option<&Error>) -> IntCounter {
        let code = error.map_or(OK.to_owned(), |error| error.code.to_string());
        self.rpc.with_label_values(&[method, &code])
    }
}
