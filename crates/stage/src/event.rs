//! What happened on a stage, in order: for the screen, the report, and tests. Bounded: the oldest
//! go first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use serde::Serialize;
use tokio::sync::broadcast;

/// Events kept, and the most that a slow subscriber may lag behind.
const KEPT: usize = 2_000;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// Seconds since the Unix epoch.
    pub at: f64,
    /// Whether someone should look.
    pub kind: EventKind,
    /// One word, as Kubernetes events have it: `Created`, `OOMKilling`, `BackOff`, `Unhealthy`,
    /// `BackendDied`, ...
    pub reason: &'static str,
    /// `Kind/name`.
    pub object: String,
    /// What happened, for people.
    pub message: String,
}

/// Whether someone should look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum EventKind {
    /// All in order.
    Normal,
    /// Someone should look.
    Warning,
}

/// The log and its subscribers.
#[derive(Clone)]
pub(crate) struct Events {
    log: Arc<Mutex<VecDeque<Event>>>,
    live: broadcast::Sender<Event>,
}

impl Events {
    pub(crate) fn new() -> Self {
        Self { log: Arc::default(), live: broadcast::channel(KEPT).0 }
    }

    pub(crate) fn normal(
        &self,
        reason: &'static str,
        object: impl Into<String>,
        message: impl Into<String>,
    ) {
        self.add(EventKind::Normal, reason, object.into(), message.into());
    }

    pub(crate) fn warning(
        &self,
        reason: &'static str,
        object: impl Into<String>,
        message: impl Into<String>,
    ) {
        self.add(EventKind::Warning, reason, object.into(), message.into());
    }

    fn add(&self, kind: EventKind, reason: &'static str, object: String, message: String) {
        tracing::debug!(reason, object, message, "stage event");
        let event = Event { at: unix_now(), kind, reason, object, message };
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.len() == KEPT {
            log.pop_front();
        }
        log.push_back(event.clone());
        // Nobody may be listening; the log keeps it anyway.
        let _ = self.live.send(event);
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.live.subscribe()
    }

    pub(crate) fn all(&self) -> Vec<Event> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

/// Seconds since the Unix epoch.
pub(crate) fn unix_now() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64())
}
