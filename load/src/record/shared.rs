//! What all threads of a run share. Each worker counts for itself, and empties its counts into the
//! total five times a second: no message per request, and no lock that two workers want at the same
//! time.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use super::{
    counts::Counts,
    recorder::{LATENCY_BOUNDS, Recorder},
};

/// How often workers hand over their counts. More often than the usual scrape, so that rates over a
/// few scrapes are smooth.
pub(crate) const MERGE_EVERY: Duration = Duration::from_millis(200);

/// What all threads of a run share.
#[derive(Debug)]
pub(crate) struct Shared {
    total: Mutex<Counts>,
    /// Successes since the live line was last printed.
    recent: Mutex<Recorder>,
    /// Requests sent and not ended, by worker.
    in_flight: Vec<AtomicUsize>,
}

impl Shared {
    pub(crate) fn new(workers: usize) -> Self {
        Self {
            total: Mutex::new(Counts::new()),
            recent: Mutex::new(Recorder::new(&LATENCY_BOUNDS)),
            in_flight: (0..workers).map(|_| AtomicUsize::new(0)).collect(),
        }
    }

    /// Empties a worker's counts into the total.
    pub(crate) fn merge(&self, counts: &mut Counts) {
        let mut copy = counts.success.clone();
        locked(&self.recent).merge_from(&mut copy);
        locked(&self.total).merge_from(counts);
    }

    pub(crate) fn total(&self) -> MutexGuard<'_, Counts> {
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
    pub(crate) fn in_flight_by_worker(&self) -> impl Iterator<Item = usize> {
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
    use crate::record::Outcome;

    #[test]
    fn merging_moves_every_count_and_keeps_the_first_example() {
        let shared = Shared::new(1);
        let mut worker = Counts::new();
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
    fn the_live_line_sees_each_success_once() {
        let shared = Shared::new(1);
        let mut worker = Counts::new();
        worker.end(Outcome::Ok, Duration::from_millis(3));
        shared.merge(&mut worker);
        assert_eq!(shared.take_recent().count(), 1);
        assert_eq!(shared.take_recent().count(), 0);
    }
}
