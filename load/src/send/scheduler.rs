//! Releases arrivals at the time they are due.
//!
//! This is a thread of its own that does nothing else, because a timer of an asynchronous runtime
//! rounds up to whole milliseconds and waits its turn behind other work. How late it was all the
//! same is measured for every arrival.
//!
//! Too many requests in flight mean that the target (or this machine) cannot keep up. Opening ever
//! more of them would bring down both, so further arrivals are dropped; each one is counted.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread::park_timeout,
    time::Instant,
};

use tokio::sync::mpsc;

use super::queue::Arrival;
use crate::{
    plan::Plan,
    random::Random,
    record::{Counts, MERGE_EVERY, Shared},
};

pub(crate) struct Scheduler<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) shared: &'a Shared,
    /// Set it and unpark the thread to end the run early.
    pub(crate) stop: &'a AtomicBool,
    /// One for each worker. Dropping them at the end is how the workers learn that the run is over.
    pub(crate) workers: Vec<mpsc::Sender<Arrival>>,
}

/// The scheduler's own counts, and when they were last handed over.
struct OwnCounts {
    counts: Counts,
    merged: Instant,
}

impl Scheduler<'_> {
    /// Returns at the end of the schedule, or soon after `stop` was set.
    pub(crate) fn run(self, start: Instant) {
        let mut own = OwnCounts { counts: Counts::new(), merged: start };
        let mut random = Random::seeded(self.plan.seed);
        if !self.plan.closed_loop {
            for due in self.plan.schedule.due_times(self.plan.poisson) {
                let due = start + due;
                if !self.wait_until(due, &mut own) {
                    break;
                }
                let counts = &mut own.counts;
                counts.due += 1;
                counts.lag.record(due.elapsed());
                self.release(Arrival { due, request: self.plan.mix.draw(&mut random) }, counts);
            }
        }
        self.wait_until(start + self.plan.schedule.duration(), &mut own);
        self.shared.merge(&mut own.counts);
    }

    /// False if the run was stopped.
    fn wait_until(&self, time: Instant, own: &mut OwnCounts) -> bool {
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return false;
            }
            let now = Instant::now();
            if now.saturating_duration_since(own.merged) >= MERGE_EVERY {
                self.shared.merge(&mut own.counts);
                own.merged = now;
            }
            let Some(pause) = time.checked_duration_since(now).filter(|pause| !pause.is_zero())
            else {
                return true;
            };
            park_timeout(pause.min(MERGE_EVERY));
        }
    }

    /// To the worker with the fewest requests in flight: with few connections each, turns would let
    /// a request wait at one worker while another has a free connection.
    fn release(&self, arrival: Arrival, counts: &mut Counts) {
        let (mut in_flight, mut least, mut worker) = (0, usize::MAX, 0);
        for (index, of_worker) in self.shared.in_flight_by_worker().enumerate() {
            in_flight += of_worker;
            if of_worker < least {
                (least, worker) = (of_worker, index);
            }
        }
        if in_flight >= self.plan.max_in_flight {
            counts.dropped += 1;
            return;
        }
        self.shared.in_flight(worker).fetch_add(1, Ordering::Relaxed);
        match self.workers[worker].try_send(arrival) {
            Ok(()) => counts.sent += 1,
            // The channel has room for all that may be in flight, so the worker must be gone.
            Err(_) => {
                self.shared.in_flight(worker).fetch_sub(1, Ordering::Relaxed);
                counts.dropped += 1;
            }
        }
    }
}
