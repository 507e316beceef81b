//! Who watches, and what becomes of those who are too slow.

use std::num::NonZeroU16;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use instrument::faults::Faults;
use instrument::{Service, StartError};
use serde::{Deserialize, Serialize};

use super::metrics::Metrics;
use super::queue::{Queue, cost};
use crate::work::Busy;

/// Orders that a watcher may be behind when queues are bounded.
pub(super) const BEHIND_MAX: usize = 64;
/// How `fault_active` names the bug.
const FAULT: &str = "watch_unbounded";

/// What is kept for a watcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the table in watch.rs says what each does")]
pub enum Mode {
    Unbounded,
    Bounded,
}

impl FromStr for Mode {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "unbounded" => Ok(Mode::Unbounded),
            "bounded" => Ok(Mode::Bounded),
            _ => Err("there is no such queue"),
        }
    }
}

/// Everyone who watches.
pub struct Watchers {
    /// Watchers at a time when queues are bounded.
    seats: usize,
    /// Bytes that may wait when they are not.
    budget: usize,
    room: Mutex<Room>,
    metrics: Metrics,
    faults: Faults,
}

struct Room {
    mode: Mode,
    queues: Vec<Arc<Queue>>,
}

impl Watchers {
    /// Nobody yet, with limits as the environment sets them.
    ///
    /// # Errors
    /// If a setting cannot be used.
    pub fn new(service: &Service) -> Result<Self, StartError> {
        const SEATS: NonZeroU16 = NonZeroU16::new(100).expect("100 is not 0");
        let env = &service.env;
        let seats = env.parse("WATCHERS_MAX", SEATS, "set it to a number from 1 to 65535")?;
        let remedy = "set it to the bytes after which unbounded queues take no more";
        let budget = env.parse("WATCH_BUDGET_BYTES", 64 << 20, remedy)?;
        let remedy = "set it to bounded or unbounded";
        let mode = env.parse("WATCH_QUEUE", Mode::Bounded, remedy)?;
        let watchers = Self {
            seats: seats.get().into(),
            budget,
            room: Mutex::new(Room { mode, queues: Vec::new() }),
            metrics: Metrics::register(&service.registry, budget)?,
            faults: service.faults.clone(),
        };
        watchers.switch(mode);
        Ok(watchers)
    }

    /// A seat for one more watcher.
    ///
    /// # Errors
    /// If all seats are taken. Without bounds there is always one more.
    pub(super) fn sit(watchers: &Arc<Self>) -> Result<Seat, Busy> {
        let mut room = watchers.room();
        if room.mode == Mode::Bounded && room.queues.len() >= watchers.seats {
            return Err(Busy);
        }
        let queue = Arc::new(Queue::default());
        room.queues.push(queue.clone());
        watchers.metrics.watchers.inc();
        Ok(Seat { queue, watchers: watchers.clone() })
    }

    /// Hands an order to everyone. Never waits: those who are too slow are dropped, or, with the
    /// bug, remembered for.
    pub(crate) fn publish(&self, order: &impl Serialize) {
        let order = serde_json::to_string(order).expect("keys are text, and numbers are finite");
        let mut room = self.room();
        match room.mode {
            Mode::Unbounded => room.queues.iter().for_each(|queue| self.remember(queue, &order)),
            Mode::Bounded => room.queues.retain(|queue| {
                let keeps_up = queue.len() < BEHIND_MAX;
                if keeps_up {
                    queue.push(&order, &self.metrics.waiting);
                } else {
                    self.drop_watcher(queue);
                }
                keeps_up
            }),
        }
    }

    /// The bug: whatever is not read is kept, until the budget is spent.
    fn remember(&self, queue: &Queue, order: &str) {
        let waiting = usize::try_from(self.metrics.waiting.get()).unwrap_or(0);
        if waiting + cost(order) > self.budget {
            self.metrics.exhausted.set(1);
        } else {
            queue.push(order, &self.metrics.waiting);
        }
    }

    fn drop_watcher(&self, queue: &Queue) {
        queue.close();
        self.metrics.dropped.inc();
        self.metrics.watchers.dec();
    }

    pub(super) fn mode(&self) -> Mode {
        self.room().mode
    }

    /// Switches the bug on or off. Off, whoever is too far behind is dropped at once, as by the
    /// release that fixes it.
    pub(super) fn switch(&self, mode: Mode) {
        let mut room = self.room();
        room.mode = mode;
        self.faults.set(FAULT, mode == Mode::Unbounded);
        if mode == Mode::Bounded {
            self.metrics.exhausted.set(0);
            room.queues.retain(|queue| {
                let keeps_up = queue.len() <= BEHIND_MAX;
                if !keeps_up {
                    self.drop_watcher(queue);
                }
                keeps_up
            });
        }
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One watcher's place.
pub(super) struct Seat {
    queue: Arc<Queue>,
    watchers: Arc<Watchers>,
}

impl Seat {
    /// The next order; `None` once the watcher was dropped.
    pub(super) async fn next(&self) -> Option<String> {
        self.queue.next().await
    }

    pub(super) fn was_dropped(&self) -> bool {
        self.queue.is_closed()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut room = self.watchers.room();
        let before = room.queues.len();
        room.queues.retain(|queue| !Arc::ptr_eq(queue, &self.queue));
        // One that was dropped is not there any more.
        self.watchers.metrics.watchers.sub((before - room.queues.len()) as i64);
    }
}
