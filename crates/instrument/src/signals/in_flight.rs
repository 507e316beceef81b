//! One request from its arrival to its end: the guard behind the gauge of requests in flight.
//!
//! Counting up when a request arrives and down when the response fairing runs looks right and is
//! wrong: a panic in another fairing skips the second half, and the gauge then reads 1 too many for
//! ever. A value that counts down when it is *dropped* cannot forget. Rocket keeps per-request
//! values in `local_cache` and drops them after the body was handed over, on every path: success,
//! panic, client gone, stream cut. Next: `fairing.rs`, where a guard begins.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Instant;

use rocket::Request;
use rocket::http::Method;

use super::metrics::{Abort, Signals, UNMATCHED};

/// A request in progress. Dropping it ends the request.
pub(super) struct InFlight {
    pub(super) signals: Arc<Signals>,
    /// As the client sent it: Rocket answers a HEAD by a GET route by turning it into a GET.
    pub(super) method: Method,
    pub(super) arrived: Instant,
    number: u64,
    phase: AtomicU8,
}

/// Where a request is, and hence which gauge it counts in.
const UNANSWERED: u8 = 0;
/// The response has an end in sight: in flight until its last byte.
const MESSAGE: u8 = 1;
/// The response has an unknown length: no longer in flight, but an open stream.
const STREAM: u8 = 2;
/// In no gauge.
const NOT_COUNTED: u8 = 3;

impl InFlight {
    /// Begins a request. It ends when Rocket drops the request's `local_cache`.
    pub(super) fn begin(request: &Request<'_>, signals: &Arc<Signals>) {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        request.local_cache(|| {
            signals.in_flight.inc();
            Some(Self {
                signals: signals.clone(),
                method: request.method(),
                arrived: Instant::now(),
                number: NEXT.fetch_add(1, Ordering::Relaxed),
                phase: AtomicU8::new(UNANSWERED),
            })
        });
    }

    /// The guard of a request, unless the request never passed the request fairing.
    pub(super) fn find<'r>(request: &'r Request<'_>) -> Option<&'r Self> {
        request.local_cache(|| None).as_ref()
    }

    /// The response is known. A stream leaves the requests in flight here: it is long by design,
    /// and would read as saturation.
    pub(super) fn answered(&self, is_stream: bool) {
        if is_stream {
            self.phase.store(STREAM, Ordering::Relaxed);
            self.signals.in_flight.dec();
            self.signals.streams.inc();
        } else {
            self.phase.store(MESSAGE, Ordering::Relaxed);
        }
    }

    /// Takes the request out of every signal.
    pub(super) fn leave_out(&self) {
        self.phase.store(NOT_COUNTED, Ordering::Relaxed);
        self.signals.in_flight.dec();
    }

    pub(super) fn is_left_out(&self) -> bool {
        self.phase.load(Ordering::Relaxed) == NOT_COUNTED
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        match *self.phase.get_mut() {
            STREAM => self.signals.streams.dec(),
            NOT_COUNTED => {}
            MESSAGE => self.signals.in_flight.dec(),
            _ => {
                self.signals.in_flight.dec();
                self.signals.aborted(UNMATCHED, self.method, Abort::NoResponse);
            }
        }
    }
}

/// A number that no other request of this process has; `None` if no golden signals are attached.
pub fn request_number(request: &Request<'_>) -> Option<u64> {
    InFlight::find(request).map(|in_flight| in_flight.number)
}
