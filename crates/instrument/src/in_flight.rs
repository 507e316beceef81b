//! One request from arrival to its true end: the guard behind every golden signal.
//!
//! Counting up when a request arrives and down when the response fairing runs looks right and is
//! wrong: a panic in another fairing skips the second half, and the gauge then reads 1 too many for
//! ever. A value that counts down when it is *dropped* cannot forget. Rocket keeps per-request
//! values in `local_cache` and drops them after the body was handed over, on every path: success,
//! panic, client gone, stream cut.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use rocket::http::Status;
use tracing::Span;

use crate::signals::{Abort, Signals, UNMATCHED};

/// How far a request got. Each state is entered at most once, in this order.
const ARRIVED: u8 = 0;
const HEAD_SENT: u8 = 1;
const DONE: u8 = 2;

/// A request in progress. Dropping it is what ends the request, so it must be dropped exactly when
/// the request ends.
pub(crate) struct InFlight {
    pub(crate) method: &'static str,
    signals: Arc<Signals>,
    since: Instant,
    state: AtomicU8,
    kind: OnceLock<Kind>,
    endpoint: OnceLock<Box<str>>,
    /// The request's span, if it is traced. The guard holds it so that the span ends with the body,
    /// not with the head.
    pub(crate) span: OnceLock<Span>,
    /// The request's trace ids, if it is not traced.
    pub(crate) context: OnceLock<opentelemetry::Context>,
}

/// What the response turned out to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A response with an end in sight: counted as in flight until its last byte.
    Message,
    /// A response of unknown length: moved from "in flight" to "streams open".
    Stream,
    /// Server-sent events: a stream that ends only when the client leaves, so that leaving is no
    /// abort.
    Events,
}

impl InFlight {
    pub(crate) fn new(signals: &Arc<Signals>, method: &'static str) -> Self {
        signals.in_flight.inc();
        Self {
            method,
            signals: signals.clone(),
            since: Instant::now(),
            state: AtomicU8::new(ARRIVED),
            kind: OnceLock::new(),
            endpoint: OnceLock::new(),
            span: OnceLock::new(),
            context: OnceLock::new(),
        }
    }

    /// Records the response head: what the talk's slide shows as duration is the time to here.
    pub(crate) fn answered(&self, endpoint: &str, status: Status, kind: Kind) {
        self.signals.answered(endpoint, self.method, status, self.since.elapsed().as_secs_f64());
        let _ = self.endpoint.set(endpoint.into());
        if self.kind.set(kind).is_ok() && kind != Kind::Message {
            self.signals.in_flight.dec();
            self.signals.streams.inc();
        }
        self.state.store(HEAD_SENT, Ordering::Release);
    }

    /// The last byte of the body was handed over, or there was no body to hand over.
    pub(crate) fn done(&self) {
        self.state.store(DONE, Ordering::Release);
    }

    /// The body itself failed: an error from its source, or a panic while it was being produced.
    pub(crate) fn body_failed(&self) {
        self.abort(Abort::BodyFailed);
        self.done();
    }

    fn abort(&self, why: Abort) {
        let endpoint = self.endpoint.get().map_or(UNMATCHED, |endpoint| endpoint);
        self.signals.aborted(endpoint, self.method, why);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let kind = self.kind.get().copied().unwrap_or(Kind::Message);
        match kind {
            Kind::Message => self.signals.in_flight.dec(),
            Kind::Stream | Kind::Events => self.signals.streams.dec(),
        }
        match self.state.load(Ordering::Acquire) {
            DONE => {}
            // Unwinding: a later fairing panicked, and the head that was recorded never left.
            _ if std::thread::panicking() => self.abort(Abort::NoResponse),
            HEAD_SENT if kind == Kind::Events => {}
            HEAD_SENT => self.abort(Abort::ClientLeft),
            _ => self.abort(Abort::NoResponse),
        }
    }
}
