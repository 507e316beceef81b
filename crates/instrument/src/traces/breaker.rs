//! The breaker between a service and a trace collector that does not answer.
//!
//! Making and exporting a span costs several microseconds, which is wasted while the collector is
//! down. So once an export fails, requests get trace *ids* (logs and outgoing calls still
//! correlate) but no spans, until it is time to try again. An unreachable collector must never slow
//! a service down.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry_sdk::error::OTelSdkError;
use prometheus::IntCounter;

/// How many spans are made to find out whether the collector is back: no more than the SDK's
/// default queue holds, since the rest would be thrown away anyway.
const TRIAL_SPANS: i64 = 2048;
/// Pause after a failed export; doubles with each further failure.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// The longest pause: a collector that comes back is noticed within this time.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The breaker of this process. Tracing subscribers are global in Rust, hence so is the answer to
/// "is anyone listening?".
static BREAKER: OnceLock<Arc<Breaker>> = OnceLock::new();

/// Whether there is a collector to send spans to, reachable or not.
pub(super) fn is_set_up() -> bool {
    BREAKER.get().is_some()
}

/// Whether a request should make spans now.
pub(super) fn admits() -> bool {
    BREAKER.get().is_some_and(|breaker| breaker.admits())
}

/// Sets the breaker up; `dropped` counts the spans that were not made or not delivered.
pub(super) fn set_up(dropped: IntCounter) -> Arc<Breaker> {
    BREAKER.get_or_init(|| Arc::new(Breaker::new(dropped))).clone()
}

/// Counts down the spans it still admits. Three states in one number, so that the hot path is one
/// atomic operation: [`OPEN`] admits none until the pause is over, a trial admits a few,
/// [`CLOSED`] admits all.
#[derive(Debug)]
pub(super) struct Breaker {
    admitted: AtomicI64,
    retry: Mutex<Retry>,
    dropped: IntCounter,
}

#[derive(Debug)]
struct Retry {
    at: Instant,
    pause: Duration,
}

/// Far more than any trial and never counted down: the collector answered, or was not asked yet.
const CLOSED: i64 = i64::MAX;

/// No span is admitted until the pause is over. Below zero, so that racing count-downs cannot be
/// mistaken for it.
const OPEN: i64 = i64::MIN;

impl Breaker {
    fn new(dropped: IntCounter) -> Self {
        let retry = Retry { at: Instant::now(), pause: FIRST_PAUSE };
        Self { admitted: AtomicI64::new(CLOSED), retry: retry.into(), dropped }
    }

    fn admits(&self) -> bool {
        let left = self.admitted.load(Ordering::Relaxed);
        if left == CLOSED || (left > 0 && self.admitted.fetch_sub(1, Ordering::Relaxed) > 0) {
            return true;
        }
        self.dropped.inc();
        // Only one thread asks for the time; the others must not queue up behind a lock.
        if let Ok(retry) = self.retry.try_lock()
            && left == OPEN
            && Instant::now() >= retry.at
        {
            self.admitted.store(TRIAL_SPANS, Ordering::Relaxed);
        }
        false
    }

    /// An export arrived.
    pub(super) fn succeeded(&self) {
        if self.admitted.swap(CLOSED, Ordering::Relaxed) != CLOSED {
            self.retry().pause = FIRST_PAUSE;
            tracing::info!("the trace collector answers");
        }
    }

    /// An export of so many spans failed.
    pub(super) fn failed(&self, spans: usize, why: &OTelSdkError) {
        self.dropped.inc_by(spans as u64);
        let mut retry = self.retry();
        let pause = retry.pause;
        retry.at = Instant::now() + pause;
        retry.pause = (pause * 2).min(LONGEST_PAUSE);
        if self.admitted.swap(OPEN, Ordering::Relaxed) != OPEN {
            let pause_seconds = pause.as_secs();
            tracing::warn!(reason = %why, pause_seconds, "the trace collector does not answer");
        }
    }

    fn retry(&self) -> MutexGuard<'_, Retry> {
        self.retry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker() -> Breaker {
        Breaker::new(IntCounter::new("dropped", "test").unwrap())
    }

    fn dead() -> OTelSdkError {
        OTelSdkError::InternalFailure("connection refused".to_owned())
    }

    #[test]
    fn a_failed_export_stops_spans_and_counts_them_until_the_pause_is_over() {
        let breaker = breaker();
        breaker.succeeded();
        breaker.failed(3, &dead());
        assert!((0..100).all(|_| !breaker.admits()));
        assert_eq!(breaker.dropped.get(), 103);

        breaker.retry().at = Instant::now();
        assert!(!breaker.admits(), "this one finds out that the pause is over");
        let on_trial = (0..10_000).filter(|_| breaker.admits()).count();
        assert_eq!(on_trial as i64, TRIAL_SPANS);
        breaker.succeeded();
        assert_eq!((0..10_000).filter(|_| breaker.admits()).count(), 10_000);
    }

    #[test]
    fn the_pause_doubles_up_to_a_minute_and_starts_afresh_after_an_answer() {
        let breaker = breaker();
        let pauses: Vec<u64> = (0..6)
            .map(|_| {
                let pause = breaker.retry().pause.as_secs();
                breaker.failed(1, &dead());
                pause
            })
            .collect();
        assert_eq!(pauses, [5, 10, 20, 40, 60, 60]);
        breaker.succeeded();
        assert_eq!(breaker.retry().pause, FIRST_PAUSE);
    }
}
