//! One worker: a thread with a runtime of its own and its share of the connections.
//!
//! Everything inside one worker runs on one thread, so its queue and its tally need no locks. A
//! request waits in the worker's queue until a lane is free. Idle lanes are a stack: the lane used
//! last, whose connection is open and warm, is used first, and further connections are opened only
//! when they are needed.

use std::cell::{Cell, RefCell, RefMut};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc};
use tokio::task::LocalSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::lane::Lane;
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::tally::{MERGE_EVERY, Shared, Tally};

/// A request whose time has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    /// Latency counts from here, whenever it was really sent.
    pub(crate) due: Instant,
    /// Which one of the mix.
    pub(crate) request: usize,
}

/// What the lanes of a worker share.
pub(crate) struct Board {
    pub(crate) plan: Arc<Plan>,
    shared: Arc<Shared>,
    worker: usize,
    tally: RefCell<Tally>,
    /// Never longer than the plan's limit of requests in flight: the sender counts.
    waiting: RefCell<VecDeque<Arrival>>,
    idle: RefCell<Vec<usize>>,
    lanes: Vec<Seat>,
}

#[derive(Default)]
struct Seat {
    wake: Notify,
    serving: Cell<Option<Arrival>>,
}

/// How often a worker looks whether the last requests have ended, or are given up.
const DRAIN_EVERY: Duration = Duration::from_millis(5);

/// Runs worker number `worker` until `arrivals` is closed and what is in flight has ended, each
/// request within its time-out. What is still in flight when `abandon` is set counts as censored;
/// in the closed loop, which has no last request, that is everything.
pub(crate) fn work(
    plan: Arc<Plan>,
    shared: Arc<Shared>,
    worker: usize,
    arrivals: mpsc::Receiver<Arrival>,
    abandon: &AtomicBool,
) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Timers are made below, before anything runs.
    let entered = runtime.enter();
    let (lanes, seed, closed_loop) = (plan.lanes_of(worker), plan.seed, plan.closed_loop);
    let board = Rc::new(Board {
        plan,
        shared,
        worker,
        tally: RefCell::new(Tally::new()),
        waiting: RefCell::default(),
        // Lanes put themselves here when they start.
        idle: RefCell::default(),
        lanes: (0..lanes).map(|_| Seat::default()).collect(),
    });
    let tasks = LocalSet::new();
    for index in 0..lanes {
        let seed = seed.wrapping_add((worker * 1_000_003 + index) as u64);
        tasks.spawn_local(Lane::new(index, Rc::clone(&board), seed).run());
    }
    tasks.block_on(&runtime, async {
        board.receive(arrivals).await;
        if !closed_loop {
            board.drain(abandon).await;
        }
    });
    board.censor();
    drop((tasks, entered));
    // The system's resolver may hang for longer than anybody wants to wait.
    runtime.shutdown_background();
    Ok(())
}

impl Board {
    async fn receive(&self, mut arrivals: mpsc::Receiver<Arrival>) {
        let mut merge = interval(MERGE_EVERY);
        merge.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                _ = merge.tick() => self.shared.merge(&mut self.tally()),
                arrival = arrivals.recv() => match arrival {
                    Some(arrival) => self.put(arrival),
                    None => return,
                }
            }
        }
    }

    /// Waits for the last requests: leaving them out would leave out the slowest ones.
    async fn drain(&self, abandon: &AtomicBool) {
        let in_flight = self.shared.in_flight(self.worker);
        while in_flight.load(Ordering::Relaxed) > 0 && !abandon.load(Ordering::Relaxed) {
            tokio::time::sleep(DRAIN_EVERY).await;
        }
    }

    fn put(&self, arrival: Arrival) {
        self.waiting.borrow_mut().push_back(arrival);
        if let Some(lane) = self.idle.borrow_mut().pop() {
            self.lanes[lane].wake.notify_one();
        }
    }

    /// The next waiting request, for lane `lane`.
    pub(crate) fn take(&self, lane: usize) -> Option<Arrival> {
        let arrival = self.waiting.borrow_mut().pop_front();
        self.lanes[lane].serving.set(arrival);
        arrival
    }

    /// Waits until there may be something to take.
    pub(crate) async fn wait(&self, lane: usize) {
        self.idle.borrow_mut().push(lane);
        self.lanes[lane].wake.notified().await;
    }

    /// In the closed loop a lane makes its own arrivals.
    pub(crate) fn begin_closed(&self, lane: usize, arrival: Arrival) {
        self.lanes[lane].serving.set(Some(arrival));
        let mut tally = self.tally();
        tally.due += 1;
        tally.sent += 1;
        self.shared.in_flight(self.worker).fetch_add(1, Ordering::Relaxed);
    }

    /// A request of lane `lane` has ended.
    pub(crate) fn end(&self, lane: usize, arrival: Arrival, outcome: Outcome) {
        self.lanes[lane].serving.set(None);
        self.count(arrival, outcome);
    }

    pub(crate) fn tally(&self) -> RefMut<'_, Tally> {
        self.tally.borrow_mut()
    }

    fn count(&self, arrival: Arrival, outcome: Outcome) {
        self.tally().end(outcome, arrival.due.elapsed());
        self.shared.in_flight(self.worker).fetch_sub(1, Ordering::Relaxed);
    }

    /// Nobody waits any more: whatever has not ended took at least as long as it has waited by now.
    fn censor(&self) {
        let serving = self.lanes.iter().filter_map(|seat| seat.serving.take());
        for arrival in serving.chain(self.waiting.take()) {
            self.count(arrival, Outcome::Censored);
        }
        self.shared.merge(&mut self.tally());
    }
}
