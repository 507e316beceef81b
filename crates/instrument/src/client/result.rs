//! How an outgoing call can end, for people ([`CallError`]) and for Prometheus ([`CallResult`]).

use std::{error::Error, time::Instant};

use prometheus::HistogramVec;
use tracing::Span;

use super::MAX_BODY_BYTES;
use crate::dns::LookupError;

/// How a call ended: the closed list behind the label `result`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallResult {
    /// Status 2xx.
    Success,
    /// Status 3xx; redirects are not followed.
    Redirect,
    /// Status 4xx: the caller's mistake.
    ClientError,
    /// Status 5xx: the callee's mistake.
    ServerError,
    /// The name lookup failed; `dns_lookups_total` says how.
    Dns,
    /// A limit was reached, in whatever phase, or the caller stopped waiting.
    Timeout,
    /// The address was found, but no connection could be made.
    Connect,
    /// Anything else: the connection broke, the body was too long, or there was no valid URL.
    Other,
}

impl CallResult {
    /// Every result.
    pub const ALL: [Self; 8] = [
        Self::Success,
        Self::Redirect,
        Self::ClientError,
        Self::ServerError,
        Self::Dns,
        Self::Timeout,
        Self::Connect,
        Self::Other,
    ];

    /// The label value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "2xx",
            Self::Redirect => "3xx",
            Self::ClientError => "4xx",
            Self::ServerError => "5xx",
            Self::Dns => "dns",
            Self::Timeout => "timeout",
            Self::Connect => "connect",
            Self::Other => "other",
        }
    }
}

impl CallResult {
    fn of(status: u16) -> Self {
        match status / 100 {
            2 => Self::Success,
            3 => Self::Redirect,
            4 => Self::ClientError,
            5 => Self::ServerError,
            _ => Self::Other,
        }
    }
}

/// A call without a complete answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Not an absolute URL.
    #[error("`{url}` is not a URL; write it as `http://orders:8000/orders/7`")]
    Url {
        /// What was given.
        url: String,
    },
    /// No answer, or not all of it.
    #[error("the call failed{}", reasons(.0))]
    Http(#[source] reqwest::Error),
    /// A download that does not begin, or go on.
    #[error("nothing came for too long")]
    Late,
    /// The callee sent too much.
    #[error("the answer is longer than {MAX_BODY_BYTES} bytes; ask for less")]
    TooLong,
}

impl CallError {
    /// The closed result of this error.
    #[must_use]
    pub fn result(&self) -> CallResult {
        match self {
            // The order matters: a failed lookup is also a failed connection, and so is a
            // connection that took too long.
            Self::Http(_) if self.lookup().is_some() => CallResult::Dns,
            Self::Late => CallResult::Timeout,
            Self::Http(error) if error.is_timeout() => CallResult::Timeout,
            Self::Http(error) if error.is_connect() => CallResult::Connect,
            Self::Http(_) | Self::Url { .. } | Self::TooLong => CallResult::Other,
        }
    }

    /// The failed name lookup behind this error, if that is what it was.
    #[must_use]
    pub fn lookup(&self) -> Option<&LookupError> {
        let mut cause = self.source();
        while let Some(error) = cause {
            if let Some(lookup) = error.downcast_ref() {
                return Some(lookup);
            }
            cause = error.source();
        }
        None
    }
}

/// reqwest says only "error sending request"; the reason sits deeper in the chain of causes.
fn reasons(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut cause = Some(error as &dyn Error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// A client that cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The HTTP library refused.
    #[error("cannot build the HTTP client: {0}; check the limits given to it")]
    Build(#[source] reqwest::Error),
    /// Most likely a second client for this peer on one registry.
    #[error(
        "cannot register the metrics of the client for `{peer}`: {source}; build one Client per peer and clone it"
    )]
    Metrics {
        /// Whom the client would have called.
        peer: &'static str,
        /// What Prometheus said.
        source: prometheus::Error,
    },
}

/// One call in progress. Dropped without [`finish`](Self::finish), it records a `timeout`: the
/// caller stopped waiting.
pub(super) struct Observation<'a> {
    seconds: &'a HistogramVec,
    span: Span,
    started: Instant,
    result: CallResult,
    /// HTTP status of the answer, if there was one.
    status: Option<u16>,
}

impl<'a> Observation<'a> {
    pub(super) fn start(seconds: &'a HistogramVec, span: Span) -> Self {
        let started = Instant::now();
        Self { seconds, span, started, result: CallResult::Timeout, status: None }
    }

    pub(super) fn finish(mut self, status: Result<u16, &CallError>) {
        self.result = status.map_or_else(CallError::result, CallResult::of);
        self.status = status.ok();
    }
}

impl Drop for Observation<'_> {
    fn drop(&mut self) {
        let result = self.result.as_str();
        self.seconds.with_label_values(&[result]).observe(self.started.elapsed().as_secs_f64());
        self.span.record("http.response.status_code", self.status);
        // For the caller, 4xx and 5xx are failed calls too (OpenTelemetry's rule for client spans).
        if !matches!(self.result, CallResult::Success | CallResult::Redirect) {
            self.span.record("otel.status_code", "ERROR");
            match (self.status, self.result) {
                (Some(status), _) => self.span.record("error.type", status.to_string()),
                (None, CallResult::Other) => self.span.record("error.type", "_OTHER"),
                (None, _) => self.span.record("error.type", result),
            };
        }
    }
}
