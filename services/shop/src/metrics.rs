//! What `shop` counts besides its own requests: how each question to `orders` ended, in words that
//! its users would use. Where the time went is in `http_client_requests_duration_seconds`, which
//! the client counts by itself.

use prometheus::{IntCounterVec, Registry, register_int_counter_vec_with_registry};

/// Prices asked for, by `result`. Read next to the shop's own errors: it says whether they are its
/// own.
pub const PRICES_TOTAL: &str = "shop_prices_total";

/// How a question for a price ended: the closed set behind the label `result`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There is a price.
    Ok,
    /// There is no such item.
    NotFound,
    /// `orders` did not answer in time.
    Timeout,
    /// `orders` could not be asked, failed, or its answer was not a price.
    Failed,
}

impl Outcome {
    /// Every value, so that all series exist from the start.
    pub const ALL: [Self; 4] = [Self::Ok, Self::NotFound, Self::Timeout, Self::Failed];

    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotFound => "not_found",
            Self::Timeout => "timeout",
            Self::Failed => "failed",
        }
    }
}

/// Handles to the metrics.
pub struct Metrics {
    prices: IntCounterVec,
}

impl Metrics {
    /// Creates the metrics, all series at 0.
    ///
    /// # Errors
    /// If `registry` already holds a metric of this name.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let help = "Prices asked of orders, by result.";
        let prices =
            register_int_counter_vec_with_registry!(PRICES_TOTAL, help, &["result"], registry)?;
        for outcome in Outcome::ALL {
            prices.with_label_values(&[outcome.as_str()]);
        }
        Ok(Self { prices })
    }

    /// Counts one question.
    pub(crate) fn asked(&self, outcome: Outcome) {
        self.prices.with_label_values(&[outcome.as_str()]).inc();
    }
}
