//! What was counted. Each worker has a tally of its own, and empties it into the run's total five
//! times a second: no message per request, and no lock that two workers want at the same time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::outcome::Outcome;
use crate::recorder::{LAG_BOUNDS, LATENCY_BOUNDS, Recorder};

/// How often workers empty their tally. More often than the usual scrape, so that rates over a few
/// scrapes are smooth.
pub(crate) const MERGE_EVERY: Duration = Duration::from_millis(200);

/// Statuses have three digits.
const STATUSES: usize = 1000;

/// Counts and times.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    /// Arrivals whose time came; those handed to a connection or its queue; those that found too
    /// many in flight.
    pub(crate) due: u64,
    pub(crate) sent: u64,
    pub(crate) dropped: u64,
    outcomes: [u64; Outcome::ALL.len()],
    statuses: Vec<u64>,
    /// Times of what was answered as expected. Censored requests are in here with the time they had
    /// waited: leaving out the slowest ones would flatter the server.
    pub(crate) success: Recorder,
    /// Times of errors, apart: a fast 503 must not improve the percentiles.
    pub(crate) error: Recorder,
    /// How late the scheduler was.
    pub(crate) lag: Recorder,
    pub(crate) connections_opened: u64,
    pub(crate) body_bytes: u64,
    /// The first message of each kind of error.
    examples: [Option<String>; Outcome::ALL.len()],
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self {
            due: 0,
            sent: 0,
            dropped: 0,
            outcomes: [0; Outcome::ALL.len()],
            statuses: vec![0; STATUSES],
            success: Recorder::new(&LATENCY_BOUNDS),
            error: Recorder::new(&LATENCY_BOUNDS),
            lag: Recorder::new(&LAG_BOUNDS),
            connections_opened: 0,
            body_bytes: 0,
            examples: [const { None }; Outcome::ALL.len()],
        }
    }

    /// Notes the end of one request.
    pub(crate) fn end(&mut self, outcome: Outcome, latency: Duration) {
        self.outcomes[outcome as usize] += 1;
        if outcome.is_error() {
            self.error.record(latency);
        } else {
            self.success.record(latency);
        }
    }

    pub(crate) fn status(&mut self, status: u16) {
        if let Some(count) = self.statuses.get_mut(usize::from(status)) {
            *count += 1;
        }
    }

    /// Keeps the message of an error if it is the first of its kind.
    pub(crate) fn explain(&mut self, outcome: Outcome, why: impl FnOnce() -> String) {
        self.examples[outcome as usize].get_or_insert_with(why);
    }

    pub(crate) fn count(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize]
    }

    pub(crate) fn errors(&self) -> u64 {
        Outcome::ALL
            .into_iter()
            .filter(|outcome| outcome.is_error())
            .map(|outcome| self.count(outcome))
            .sum()
    }

    /// Answers, with whatever status: what was refused, reset or timed out got none.
    pub(crate) fn answered(&self) -> u64 {
        self.statuses().map(|(_, count)| count).sum()
    }

    /// Requests that came to an end, good or bad.
    pub(crate) fn ended(&self) -> u64 {
        self.count(Outcome::Ok) + self.errors()
    }

    pub(crate) fn example(&self, outcome: Outcome) -> Option<&str> {
        self.examples[outcome as usize].as_deref()
    }

    /// Statuses that occurred, with their number.
    pub(crate) fn statuses(&self) -> impl Iterator<Item = (usize, u64)> {
        self.statuses.iter().copied().enumerate().filter(|(_, count)| *count > 0)
    }

    /// Takes over everything from `other`, which is empty afterwards.
    pub(crate) fn absorb(&mut self, other: &mut Self) {
        for (mine, theirs) in [
            (&mut self.due, &mut other.due),
            (&mut self.sent, &mut other.sent),
            (&mut self.dropped, &mut other.dropped),
            (&mut self.connections_opened, &mut other.connections_opened),
            (&mut self.body_bytes, &mut other.body_bytes),
        ] {
            *mine += std::mem::take(theirs);
        }
        let outcomes = self.outcomes.iter_mut().zip(&mut other.outcomes);
        let statuses = self.statuses.iter_mut().zip(&mut other.statuses);
        for (mine, theirs) in outcomes.chain(statuses) {
            *mine += std::mem::take(theirs);
        }
        self.success.absorb(&mut other.success);
        self.error.absorb(&mut other.error);
        self.lag.absorb(&mut other.lag);
        for (mine, theirs) in self.examples.iter_mut().zip(&mut other.examples) {
            *mine = mine.take().or_else(|| theirs.take());
        }
    }
}

/// What all threads of a run share.
#[derive(Debug)]
pub(crate) struct Shared {
    total: Mutex<Tally>,
    /// Successes since the live line was last printed.
    recent: Mutex<Recorder>,
    /// Requests sent and not ended, by worker.
    in_flight: Vec<AtomicUsize>,
}

impl Shared {
    pub(crate) fn new(workers: usize) -> Self {
        Self {
            total: Mutex::new(Tally::new()),
            recent: Mutex::new(Recorder::new(&LATENCY_BOUNDS)),
            in_flight: (0..workers).map(|_| AtomicUsize::new(0)).collect(),
        }
    }

    /// Empties a worker's tally into the total.
    pub(crate) fn merge(&self, tally: &mut Tally) {
        let mut copy = tally.success.clone();
        locked(&self.recent).absorb(&mut copy);
        locked(&self.total).absorb(tally);
    }

    pub(crate) fn total(&self) -> MutexGuard<'_, Tally> {
        locked(&self.total)
    }

    /// Hands out the successes since the last call.
    pub(crate) fn take_recent(&self) -> Recorder {
        let mut recent = locked(&self.recent);
        let taken = recent.clone();
        recent.clear();
        taken
    }

    pub(crate) fn in_flight(&self, worker: usize) -> &AtomicUsize {
        &self.in_flight[worker]
    }

    /// Requests in flight at each worker.
    pub(crate) fn flying(&self) -> impl Iterator<Item = usize> {
        self.in_flight.iter().map(|count| count.load(Ordering::Relaxed))
    }
}

/// A poisoned lock means that another thread panicked; counters are still counters.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_moves_every_count_and_keeps_the_first_example() {
        let shared = Shared::new(1);
        let mut worker = Tally::new();
        for (outcome, ms, why) in
            [(Outcome::Ok, 3, ""), (Outcome::Reset, 1, "first"), (Outcome::Censored, 9, "")]
        {
            worker.due += 1;
            worker.sent += 1;
            worker.end(outcome, Duration::from_millis(ms));
            worker.explain(outcome, || why.to_owned());
        }
        worker.status(200);
        shared.merge(&mut worker);
        worker.explain(Outcome::Reset, || "second".to_owned());
        shared.merge(&mut worker);
        let total = shared.total();
        assert_eq!((total.due, total.sent, total.ended(), total.errors()), (3, 3, 2, 1));
        assert_eq!(total.statuses().collect::<Vec<_>>(), [(200, 1)]);
        assert_eq!(total.example(Outcome::Reset), Some("first"));
        assert_eq!((total.success.count(), total.error.count()), (2, 1));
    }

    #[test]
    fn a_censored_request_is_in_the_latencies_and_an_error_is_not() {
        let mut tally = Tally::new();
        tally.end(Outcome::Censored, Duration::from_secs(2));
        tally.end(Outcome::Status5xx, Duration::from_millis(1));
        assert!(tally.success.summary().max >= 2.0);
        assert!(tally.error.summary().max < 0.01);
    }

    #[test]
    fn the_live_line_sees_each_success_once() {
        let shared = Shared::new(1);
        let mut worker = Tally::new();
        worker.end(Outcome::Ok, Duration::from_millis(3));
        shared.merge(&mut worker);
        assert_eq!(shared.take_recent().count(), 1);
        assert_eq!(shared.take_recent().count(), 0);
    }
}
