//! The bug, in four versions: what a failed lookup can leave behind.
//!
//! | kind | what goes wrong | RSS | jemalloc `allocated` | switched off |
//! | --- | --- | --- | --- | --- |
//! | `off` | nothing: the fixed code | flat | flat | - |
//! | `forget` | the buffer is never freed | rises | rises | stays |
//! | `cycle` | two owners keep each other alive | rises | rises | stays |
//! | `hoard` | a map of failures that nobody ever empties | rises | rises | falls |
//! | `task` | a task that waits for ever holds the buffer | rises | rises | falls |
//!
//! All write to every page they take, since memory that was never touched is not in RAM and RSS
//! would not show it.

use std::collections::BTreeMap;
use std::future::pending;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use instrument::faults::Faults;
use rocket::tokio::task::JoinSet;
use serde::{Deserialize, Serialize};

use crate::metrics::Metrics;

/// What to write instead of an unknown kind.
pub const KINDS: &str = "set it to one of off, forget, cycle, hoard, task";

/// A way to leak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the table above says what each does")]
pub enum Kind {
    Off,
    Forget,
    Cycle,
    Hoard,
    Task,
}

impl Kind {
    /// The kinds that leak, and how `fault_active` names them.
    pub const FAULTS: [(Kind, &str); 4] = [
        (Kind::Forget, "leak_forget"),
        (Kind::Cycle, "leak_cycle"),
        (Kind::Hoard, "leak_hoard"),
        (Kind::Task, "leak_task"),
    ];
}

impl FromStr for Kind {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Kind::Off),
            "forget" => Ok(Kind::Forget),
            "cycle" => Ok(Kind::Cycle),
            "hoard" => Ok(Kind::Hoard),
            "task" => Ok(Kind::Task),
            _ => Err("there is no such leak"),
        }
    }
}

/// More bytes per lookup than the whole budget.
#[derive(Debug, thiserror::Error)]
#[error(
    "LEAK_BYTES={bytes} is not between 1 and the budget of {budget} bytes; lower it or raise LEAK_BUDGET_BYTES"
)]
pub struct BytesOutOfRange {
    bytes: usize,
    budget: usize,
}

/// What the leak is doing: the answer of `GET /leak`.
#[derive(Debug, PartialEq, Serialize)]
pub struct Status {
    /// The kind that is switched on.
    pub kind: Kind,
    /// Bytes leaked per failed lookup.
    pub bytes: usize,
    /// Bytes that are leaked now. `hoard` and `task` give theirs back when they are switched off.
    pub leaked_bytes: usize,
    /// Bytes after which leaking stops.
    pub budget_bytes: usize,
}

/// The switchable bug.
pub struct Leak {
    budget: usize,
    metrics: Metrics,
    faults: Faults,
    state: Mutex<State>,
}

struct State {
    kind: Kind,
    bytes: usize,
    /// Bytes that no switch brings back: by `forget` and `cycle`.
    lost: usize,
    hoard: BTreeMap<u64, Vec<u8>>,
    tasks: JoinSet<()>,
    /// Bytes in `hoard` and `tasks`.
    held: usize,
}

impl Leak {
    /// A leak that is off, and never exceeds `budget` bytes.
    pub fn new(budget: usize, metrics: Metrics, faults: Faults) -> Self {
        for (_, fault) in Kind::FAULTS {
            faults.declare(fault);
        }
        let state = State {
            kind: Kind::Off,
            bytes: 1,
            lost: 0,
            hoard: BTreeMap::new(),
            tasks: JoinSet::new(),
            held: 0,
        };
        Self { budget, metrics, faults, state: Mutex::new(state) }
    }

    /// The error path. Leaks, if a kind is switched on and the budget allows it.
    pub fn lookup_failed(&self) {
        let mut state = self.lock();
        let bytes = state.bytes;
        if state.kind == Kind::Off {
            return;
        }
        if state.lost + state.held + bytes > self.budget {
            self.metrics.budget_exhausted.set(1);
            return;
        }
        let buffer = vec![0xA5; bytes]; // the answer that never came; writing it puts its pages into RAM
        match state.kind {
            Kind::Off => {}
            Kind::Forget => std::mem::forget(buffer),
            Kind::Cycle => Node::in_a_cycle(buffer),
            Kind::Hoard => {
                let number = state.hoard.len() as u64;
                state.hoard.insert(number, buffer);
            }
            Kind::Task => {
                state.tasks.spawn(async move {
                    let _buffer = buffer;
                    pending::<()>().await; // "the answer will come"
                });
            }
        }
        match state.kind {
            Kind::Hoard | Kind::Task => state.held += bytes,
            _ => state.lost += bytes,
        }
        self.report(&state);
    }

    /// Switches to another kind. What `hoard` and `task` hold is freed, as by the release that
    /// fixes them.
    ///
    /// # Errors
    /// If one failed lookup would leak nothing or more than the whole budget.
    pub fn switch(&self, kind: Kind, bytes: usize) -> Result<(), BytesOutOfRange> {
        if !(1..=self.budget).contains(&bytes) {
            return Err(BytesOutOfRange { bytes, budget: self.budget });
        }
        let mut state = self.lock();
        state.hoard = BTreeMap::new();
        state.tasks = JoinSet::new(); // dropping the old set aborts its tasks
        (state.kind, state.bytes, state.held) = (kind, bytes, 0);
        for (fault, name) in Kind::FAULTS {
            self.faults.set(name, fault == kind);
        }
        self.metrics.budget_exhausted.set(0);
        self.report(&state);
        Ok(())
    }

    /// What the leak is doing.
    pub fn status(&self) -> Status {
        let state = self.lock();
        Status {
            kind: state.kind,
            bytes: state.bytes,
            leaked_bytes: state.lost + state.held,
            budget_bytes: self.budget,
        }
    }

    fn report(&self, state: &State) {
        self.metrics.leaked_bytes.set((state.lost + state.held) as i64);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of its owners is itself, so that the count of owners never reaches 0.
struct Node {
    me: OnceLock<Arc<Node>>,
    _buffer: Vec<u8>,
}

impl Node {
    fn in_a_cycle(buffer: Vec<u8>) {
        let node = Arc::new(Node { me: OnceLock::new(), _buffer: buffer });
        let _ = node.me.set(node.clone());
    }
}
