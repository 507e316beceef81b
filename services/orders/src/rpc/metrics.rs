//! What is counted about calls.

use prometheus::{IntCounter, IntCounterVec, Registry, register_int_counter_vec_with_registry};

use super::error::Error;

/// JSON-RPC calls by `method` and `code`. Read because HTTP's status hides them: an error comes
/// with 200.
pub const RPC_REQUESTS_TOTAL: &str = "orders_rpc_requests_total";

/// The methods that have series of their own. Other methods, and bodies without any, are
/// `unknown`.
pub const METHODS: [&str; 3] = ["orders.get", "orders.create", "orders.price"];
const UNKNOWN: &str = "unknown";
const OK: &str = "ok";
const ERRORS: [Error; 4] = [Error::PARAMS, Error::INTERNAL, Error::BUSY, Error::NO_ORDER];
const ERRORS_OF_UNKNOWN: [Error; 3] = [Error::PARSE, Error::REQUEST, Error::METHOD];

/// Handles to the metrics.
#[derive(Clone)]
pub struct Metrics(IntCounterVec);

impl Metrics {
    /// Creates the metrics, all series at 0.
    ///
    /// # Errors
    /// If `registry` already holds a metric of this name.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let help = "JSON-RPC calls, by method and code.";
        let labels = &["method", "code"];
        let metrics = Self(register_int_counter_vec_with_registry!(
            RPC_REQUESTS_TOTAL,
            help,
            labels,
            registry
        )?);
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
        self.0.with_label_values(&[method, &code])
    }
}
