//! The queue of one worker: requests that wait for a free client, and clients that wait for a
//! request.
//!
//! Everything inside one worker runs on one thread, so queue and counts need no locks. Idle clients
//! are a stack: the client used last, whose connection is open and warm, is used first, and further
//! connections are opened only when they are needed.

use std::{
    cell::{Cell, RefCell, RefMut},
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    sync::{Notify, mpsc},
    time::{MissedTickBehavior, interval, sleep},
};

use crate::{
    plan::Plan,
    record::{Counts, MERGE_EVERY, Outcome, Shared},
};

/// How often a worker looks whether the last requests have ended, or are given up.
const DRAIN_EVERY: Duration = Duration::from_millis(5);

/// A request whose time has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    /// Latency counts from here, whenever it was really sent.
    pub(crate) due: Instant,
    /// Which one of the mix.
    pub(crate) request: usize,
}

/// What the clients of a worker share.
pub(crate) struct Queue {
    pub(crate) plan: Arc<Plan>,
    shared: Arc<Shared>,
    worker: usize,
    counts: RefCell<Counts>,
    /// Never longer than the plan's limit of requests in flight: the scheduler counts.
    waiting: RefCell<VecDeque<Arrival>>,
    idle: RefCell<Vec<usize>>,
    clients: Vec<ClientState>,
}

#[derive(Default)]
struct ClientState {
    wake: Notify,
    serving: Cell<Option<Arrival>>,
}

impl Queue {
    /// The queue of worker number `worker`, for `clients` clients. All of them are busy until they
    /// ask for a request.
    pub(crate) fn new(plan: Arc<Plan>, shared: Arc<Shared>, worker: usize, clients: usize) -> Self {
        Self {
            plan,
            shared,
            worker,
            counts: RefCell::new(Counts::new()),
            waiting: RefCell::default(),
            idle: RefCell::default(),
            clients: (0..clients).map(|_| ClientState::default()).collect(),
        }
    }

    /// Takes arrivals in until there will be no more.
    pub(crate) async fn receive(&self, mut arrivals: mpsc::Receiver<Arrival>) {
        let mut merge = interval(MERGE_EVERY);
        merge.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                _ = merge.tick() => self.shared.merge(&mut self.counts()),
                arrival = arrivals.recv() => match arrival {
                    Some(arrival) => self.put(arrival),
                    None => return,
                }
            }
        }
    }

    /// Waits for the last requests: leaving them out would leave out the slowest ones.
    pub(crate) async fn drain(&self, abandon: &AtomicBool) {
        let in_flight = self.shared.in_flight(self.worker);
        while in_flight.load(Ordering::Relaxed) > 0 && !abandon.load(Ordering::Relaxed) {
            sleep(DRAIN_EVERY).await;
        }
    }

    /// Nobody waits any more: whatever has not ended took at least as long as it has waited by now.
    pub(crate) fn censor(&self) {
        let serving = self.clients.iter().filter_map(|client| client.serving.take());
        for arrival in serving.chain(self.waiting.take()) {
            self.count(arrival, Outcome::Censored);
        }
        self.shared.merge(&mut self.counts());
    }

    /// The next request for client number `client`, as soon as there is one.
    pub(crate) async fn take(&self, client: usize) -> Arrival {
        loop {
            let arrival = self.waiting.borrow_mut().pop_front();
            self.clients[client].serving.set(arrival);
            if let Some(arrival) = arrival {
                return arrival;
            }
            self.idle.borrow_mut().push(client);
            self.clients[client].wake.notified().await;
        }
    }

    /// In the closed loop a client makes its own arrivals.
    pub(crate) fn begin_closed(&self, client: usize, arrival: Arrival) {
        self.clients[client].serving.set(Some(arrival));
        let mut counts = self.counts();
        counts.due += 1;
        counts.sent += 1;
        self.shared.in_flight(self.worker).fetch_add(1, Ordering::Relaxed);
    }

    /// The request of client number `client` has ended.
    pub(crate) fn end(&self, client: usize, arrival: Arrival, outcome: Outcome) {
        self.clients[client].serving.set(None);
        self.count(arrival, outcome);
    }

    pub(crate) fn counts(&self) -> RefMut<'_, Counts> {
        self.counts.borrow_mut()
    }

    fn put(&self, arrival: Arrival) {
        self.waiting.borrow_mut().push_back(arrival);
        if let Some(client) = self.idle.borrow_mut().pop() {
            self.clients[client].wake.notify_one();
        }
    }

    fn count(&self, arrival: Arrival, outcome: Outcome) {
        self.counts().end(outcome, arrival.due.elapsed());
        self.shared.in_flight(self.worker).fetch_sub(1, Ordering::Relaxed);
    }
}
