//! Counting, timing and tracing one lookup.
//!
//! Lesson: the number and the time of a thing are recorded in *one* place, by a guard whose `Drop`
//! runs on every path out, even when the caller gives up half-way. Metrics spread over the branches
//! of a function always miss one.

use std::time::Instant;

use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};
use resolver::{Found, LookupError, Outcome, Source};
use tracing::Span;

/// Counter: lookups by `result` (see [`Outcome`]). Read by the DNS tale's promises and its
/// dashboard.
pub const LOOKUPS_TOTAL: &str = "dns_lookups_total";

/// Histogram: seconds per lookup by `result`, search list and retries included, as the caller
/// experienced it.
pub const DURATION_SECONDS: &str = "dns_lookup_duration_seconds";

/// Bucket bounds of [`DURATION_SECONDS`], in seconds.
///
/// A server on the same node answers within a millisecond, one in the cluster within ten, one
/// across the internet within a few hundred. Then nothing happens until a time-out: one second is
/// the shortest that `resolv.conf` can express, five its default, ten its default with two
/// attempts. The last bound, 30, is its longest time-out.
pub const DURATION_BUCKETS: [f64; 13] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0];

#[derive(Debug)]
pub(super) struct Metrics {
    lookups: IntCounterVec,
    seconds: HistogramVec,
}

impl Metrics {
    pub(super) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let lookups = IntCounterVec::new(
            Opts::new(LOOKUPS_TOTAL, "Name lookups, by how they ended."),
            &["result"],
        )?;
        let seconds = HistogramVec::new(
            HistogramOpts::new(DURATION_SECONDS, "Seconds a name lookup took, by how it ended.")
                .buckets(DURATION_BUCKETS.to_vec()),
            &["result"],
        )?;
        // A time series that appears only with the first failure has no "before", and `rate()`
        // misses that failure.
        for outcome in Outcome::ALL {
            lookups.with_label_values(&[outcome.as_str()]);
            seconds.with_label_values(&[outcome.as_str()]);
        }
        registry.register(Box::new(lookups.clone()))?;
        registry.register(Box::new(seconds.clone()))?;
        Ok(Self { lookups, seconds })
    }
}

/// One lookup in progress. Dropped without [`finish`](Self::finish), it records a `timeout`: the
/// caller stopped waiting.
pub(super) struct Observation<'a> {
    metrics: &'a Metrics,
    span: Span,
    started: Instant,
    outcome: Outcome,
}

impl<'a> Observation<'a> {
    pub(super) fn start(metrics: &'a Metrics, span: Span) -> Self {
        Self { metrics, span, started: Instant::now(), outcome: Outcome::Timeout }
    }

    pub(super) fn finish(mut self, result: &Result<Found, LookupError>) {
        let server = match result {
            Ok(found) => {
                self.outcome = Outcome::Ok;
                // OpenTelemetry has a list of texts here; `tracing` has fields of one text each.
                self.span.record("dns.answers", tracing::field::debug(&found.addresses));
                match found.source {
                    Source::Dns(server) => Some(server),
                    Source::Literal | Source::Hosts | Source::Localhost => None,
                }
            }
            Err(error) => {
                self.outcome = error.outcome();
                error.cause.server()
            }
        };
        if let Some(server) = server {
            self.span.record("server.address", tracing::field::display(server.ip()));
            self.span.record("server.port", server.port());
        }
    }
}

impl Drop for Observation<'_> {
    fn drop(&mut self) {
        let result = self.outcome.as_str();
        self.metrics.lookups.with_label_values(&[result]).inc();
        self.metrics
            .seconds
            .with_label_values(&[result])
            .observe(self.started.elapsed().as_secs_f64());
        if self.outcome != Outcome::Ok {
            self.span.record("error.type", result);
            // The name that the OpenTelemetry layer understands: it colours the span as failed.
            self.span.record("otel.status_code", "ERROR");
        }
    }
}
