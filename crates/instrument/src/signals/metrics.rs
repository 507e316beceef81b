//! The golden signals as metrics: names, labels, buckets, and nothing else.
//!
//! Traffic, errors and latency come from one counter and one histogram with the labels `endpoint`,
//! `method` and `status`; saturation from the two gauges. Next: `in_flight.rs`, for what is counted
//! when.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use prometheus::{
    Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, Registry,
    register_histogram_vec_with_registry, register_int_counter_vec_with_registry,
    register_int_gauge_with_registry,
};
use rocket::Route;
use rocket::http::{Method, Status};

/// Requests answered. Read by availability SLOs: errors are the series whose `status` starts with
/// 5.
pub const REQUESTS_TOTAL: &str = "rocket_http_requests_total";
/// Seconds from the request's arrival to the response head. Read by latency SLOs.
pub const REQUESTS_DURATION_SECONDS: &str = "rocket_http_requests_duration_seconds";
/// Requests being worked on. Read by dashboards as saturation: a number that only rises is a queue.
pub const REQUESTS_IN_FLIGHT: &str = "rocket_http_requests_in_flight";
/// Responses of unknown length (server-sent events, say) still open. Long-lived by design, hence
/// not in flight.
pub const STREAMS_OPEN: &str = "rocket_http_streams_open";
/// Requests that ended without their full response. Read next to the status: a `200` nobody
/// received is in here.
pub const REQUESTS_ABORTED_TOTAL: &str = "rocket_http_requests_aborted_total";

/// The value of `endpoint` when no route matched. Never the path: a scanner would create a new
/// series with each request.
pub const UNMATCHED: &str = "unmatched";
/// The value of `method` for the one thing Rocket cannot parse into a method: `FOO / HTTP/1.1`.
pub const UNKNOWN_METHOD: &str = "unknown";

/// Upper bounds in seconds. From 0.5 ms, because a healthy handler here answers in well under 5 ms
/// and would otherwise fill only the first bucket, to 10 s, where a user has left. A latency SLO
/// must use one of these bounds as its threshold: a histogram cannot answer "how many were faster
/// than 300 ms" if 0.3 is not a bound.
pub const BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Why a request did not end with its full response delivered: the closed label set of
/// [`REQUESTS_ABORTED_TOTAL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abort {
    /// No response head was produced, for example because a fairing panicked. The client saw an
    /// empty reply.
    NoResponse,
    /// The client went away before it had the whole response.
    ClientLeft,
    /// The body failed or panicked half-way. The client may have taken the short body for a
    /// complete one.
    BodyFailed,
}

impl Abort {
    /// Every value, so that all series exist from the start.
    pub const ALL: [Abort; 3] = [Abort::NoResponse, Abort::ClientLeft, Abort::BodyFailed];

    /// The value of the label `reason`.
    pub fn as_str(self) -> &'static str {
        match self {
            Abort::NoResponse => "no_response",
            Abort::ClientLeft => "client_left",
            Abort::BodyFailed => "body_failed",
        }
    }
}

/// Handles to the golden signals, shared by all requests.
pub(super) struct Signals {
    pub(super) in_flight: IntGauge,
    pub(super) streams: IntGauge,
    requests: IntCounterVec,
    seconds: HistogramVec,
    aborted: IntCounterVec,
    /// The usual series by endpoint, known from liftoff on. Looking them up by their labels each
    /// time would double what counting costs: three texts, hashed twice.
    usual: OnceLock<BTreeMap<Box<str>, Vec<Usual>>>,
}

/// The series of a usual answer.
struct Usual {
    method: Method,
    status: Status,
    requests: IntCounter,
    seconds: Histogram,
}

impl Signals {
    pub(super) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let signals = Self {
            requests: register_int_counter_vec_with_registry!(
                REQUESTS_TOTAL,
                "HTTP requests answered, by route template, method and status.",
                &["endpoint", "method", "status"],
                registry
            )?,
            seconds: register_histogram_vec_with_registry!(
                REQUESTS_DURATION_SECONDS,
                "Seconds from request to response head, by route template, method and status.",
                &["endpoint", "method", "status"],
                BUCKETS.to_vec(),
                registry
            )?,
            in_flight: register_int_gauge_with_registry!(
                REQUESTS_IN_FLIGHT,
                "HTTP requests being worked on, streams excluded.",
                registry
            )?,
            streams: register_int_gauge_with_registry!(
                STREAMS_OPEN,
                "HTTP responses of unknown length that are still open.",
                registry
            )?,
            aborted: register_int_counter_vec_with_registry!(
                REQUESTS_ABORTED_TOTAL,
                "HTTP requests that ended without their full response, by reason.",
                &["endpoint", "method", "reason"],
                registry
            )?,
            usual: OnceLock::new(),
        };
        // Requests that match no route exist as series before the first one arrives, like every
        // route's own.
        signals.requests.with_label_values(&[UNMATCHED, "GET", "404"]);
        for status in ["400", "405"] {
            signals.requests.with_label_values(&[UNMATCHED, UNKNOWN_METHOD, status]);
        }
        Ok(signals)
    }

    /// Creates the series of all routes at 0. `rate()` needs two samples of a series: if the first
    /// error also created its series, that error would never show in a graph.
    pub(super) fn create_series<'r>(&self, routes: impl Iterator<Item = &'r Route>) {
        let mut usual: BTreeMap<Box<str>, Vec<Usual>> = BTreeMap::new();
        for route in routes {
            let (endpoint, method) = (route.uri.as_str(), route.method.as_str());
            // The statuses that Rocket answers by itself for a matched route, and those of a
            // service that asks another. The histogram gets the two that people plot.
            for status in ["200", "404", "422", "500", "502", "503", "504"] {
                self.requests.with_label_values(&[endpoint, method, status]);
            }
            for reason in Abort::ALL {
                self.aborted.with_label_values(&[endpoint, method, reason.as_str()]);
            }
            for (label, status) in [("200", Status::Ok), ("500", Status::InternalServerError)] {
                let labels = [endpoint, method, label];
                usual.entry(endpoint.into()).or_default().push(Usual {
                    method: route.method,
                    status,
                    requests: self.requests.with_label_values(&labels),
                    seconds: self.seconds.with_label_values(&labels),
                });
            }
        }
        // Fails if these signals lift off a second time, as in tests: then they are looked up.
        let _ = self.usual.set(usual);
    }

    /// Counts one response.
    pub(super) fn answered(&self, endpoint: &str, method: Method, status: Status, seconds: f64) {
        if let Some(usual) = self.usual(endpoint, method, status) {
            usual.requests.inc();
            usual.seconds.observe(seconds);
        } else {
            let mut digits = [0; 3];
            let labels = [endpoint, method.as_str(), status_label(status.code, &mut digits)];
            self.requests.with_label_values(&labels).inc();
            self.seconds.with_label_values(&labels).observe(seconds);
        }
    }

    fn usual(&self, endpoint: &str, method: Method, status: Status) -> Option<&Usual> {
        let series = self.usual.get()?.get(endpoint)?.iter();
        series.into_iter().find(|usual| usual.method == method && usual.status == status)
    }

    /// Counts a request that Rocket refused before it had a route, a method or a start time.
    pub(super) fn refused(&self, status: Status) {
        let mut digits = [0; 3];
        let labels = [UNMATCHED, UNKNOWN_METHOD, status_label(status.code, &mut digits)];
        self.requests.with_label_values(&labels).inc();
    }

    pub(super) fn aborted(&self, endpoint: &str, method: Method, why: Abort) {
        self.aborted.with_label_values(&[endpoint, method.as_str(), why.as_str()]).inc();
    }
}

/// Writes a status code without allocating. HTTP status codes have three digits; anything else is
/// not one.
fn status_label(code: u16, digits: &mut [u8; 3]) -> &str {
    *digits = [code / 100 % 10, code / 10 % 10, code % 10]
        .map(|digit| b'0' + u8::try_from(digit).unwrap_or(0));
    std::str::from_utf8(digits).unwrap_or("000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_written_as_its_three_digits() {
        for code in [100, 204, 404, 599] {
            assert_eq!(status_label(code, &mut [0; 3]), code.to_string());
        }
    }
}
