//! The orders that wait for one watcher.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use prometheus::IntGauge;
use rocket::tokio::sync::Notify;

/// What a queue costs for each order besides its text: the entry, and the allocator's share.
const OVERHEAD: usize = 64;

/// One watcher's orders, oldest first.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    orders: VecDeque<Waiting>,
    closed: bool,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.state().orders.len()
    }

    /// Adds an order. The watcher gets a copy of its own, as it would in a program whose author
    /// thought of one watcher.
    pub(super) fn push(&self, order: &str, bytes: &IntGauge) {
        let mut state = self.state();
        if !state.closed {
            state.orders.push_back(Waiting::new(order.to_owned(), bytes));
            self.changed.notify_one();
        }
    }

    /// Forgets what waits, and lets the watcher go: its stream may never be asked again.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.orders = VecDeque::new();
        self.changed.notify_one();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state().closed
    }

    /// The next order; `None` if the queue is closed.
    pub(super) async fn next(&self) -> Option<String> {
        loop {
            {
                let mut state = self.state();
                if let Some(waiting) = state.orders.pop_front() {
                    return Some(waiting.order);
                }
                if state.closed {
                    return None;
                }
            }
            // One that comes in between has left its permit.
            self.changed.notified().await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes that one order takes while it waits.
pub(super) fn cost(order: &str) -> usize {
    order.len() + OVERHEAD
}

/// An order that is counted for as long as it waits.
struct Waiting {
    order: String,
    _counted: Counted,
}

impl Waiting {
    fn new(order: String, bytes: &IntGauge) -> Self {
        let cost = cost(&order) as i64;
        bytes.add(cost);
        Self { order, _counted: Counted { cost, bytes: bytes.clone() } }
    }
}

struct Counted {
    cost: i64,
    bytes: IntGauge,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.bytes.sub(self.cost);
    }
}
