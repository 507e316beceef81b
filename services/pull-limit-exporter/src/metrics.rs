//! The names of what is shown, and who reads it. The gauges are made in `shown.rs`.

use prometheus::{IntCounterVec, Registry, register_int_counter_vec_with_registry};

use crate::finding::{Failure, Finding};

/// Pulls in a window.
pub const LIMIT: &str = "pull_counts_limit";
/// Of them left. Read by the objective: `pull_counts_remaining > 10`.
pub const REMAINING: &str = "pull_counts_remaining";
/// How long a window is.
pub const WINDOW: &str = "pull_counts_window_seconds";
/// 1, with whose pulls are counted as `source`: an address, a network, an account.
pub const SOURCE: &str = "pull_counts_source_info";
/// 1 for what is known: `limited`, `unlimited`, `unreadable`, `unknown`.
pub const STATE: &str = "pull_counts_state";
/// 1 if there was an answer.
pub const PROBE_SUCCESS: &str = "pull_counts_probe_success";
/// 1 for the reason why there was none.
pub const PROBE_FAILURE: &str = "pull_counts_probe_failure";
/// When there was last an answer. Read for `time() - pull_counts_last_success_timestamp_seconds`.
pub const LAST_SUCCESS: &str = "pull_counts_last_success_timestamp_seconds";
/// Failed probes by reason.
pub const FAILURES_TOTAL: &str = "pull_counts_probe_failures_total";

/// What the first exporter of this kind called them, for dashboards that exist: gauges all the
/// same.
pub const LEGACY_LIMIT: &str = "dockerhub_limit_max_requests_total";
/// The same of what is left.
pub const LEGACY_REMAINING: &str = "dockerhub_limit_remaining_requests_total";

/// Counts probes that failed.
pub struct Failures(IntCounterVec);

impl Failures {
    /// Creates the counter.
    ///
    /// # Errors
    /// If `registry` already holds a metric of this name.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let help = "Failed probes by reason.";
        let counter =
            register_int_counter_vec_with_registry!(FAILURES_TOTAL, help, &["reason"], registry)?;
        for why in Failure::ALL {
            counter.with_label_values(&[why.label()]);
        }
        Ok(Self(counter))
    }

    /// Counts those of a round.
    pub fn count(&self, findings: &[Finding]) {
        for why in findings.iter().filter_map(|finding| finding.said.as_ref().err()) {
            self.0.with_label_values(&[why.label()]).inc();
        }
    }
}
