//! What happened on a stage, in order: for the screen, the report, and tests. Bounded: the oldest
//! go first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

/// Events kept, as many as somebody may scroll through: each snapshot holds them all.
const KEPT: usize = 200;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Seconds since the Unix epoch, in whole milliseconds.
    pub at: f64,
    /// Whether someone should look.
    pub kind: EventKind,
    /// One word, as Kubernetes events have it: `Created`, `OOMKilling`, `BackOff`, `Unhealthy`,
    /// `BackendDied`, ...
    pub reason: String,
    /// `Kind/name`.
    pub object: String,
    /// What happened, for people.
    pub message: String,
}

/// Whether someone should look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventKind {
    /// All in order.
    Normal,
    /// Someone should look.
    Warning,
}

/// The events of a stage. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Events {
    log: Arc<Mutex<Log>>,
}

#[derive(Default)]
struct Log {
    events: VecDeque<Event>,
    /// Whether there are new ones since somebody asked.
    changed: bool,
}

impl Events {
    pub(crate) fn normal(
        &self,
        reason: &str,
        object: impl Into<String>,
        message: impl Into<String>,
    ) {
        self.add(EventKind::Normal, reason, object.into(), message.into());
    }

    pub(crate) fn warning(
        &self,
        reason: &str,
        object: impl Into<String>,
        message: impl Into<String>,
    ) {
        self.add(EventKind::Warning, reason, object.into(), message.into());
    }

    /// The events that are kept, oldest first.
    pub(crate) fn recent(&self) -> Vec<Event> {
        self.lock().events.iter().cloned().collect()
    }

    /// Whether there were new ones since the last call.
    pub(crate) fn take_changed(&self) -> bool {
        std::mem::take(&mut self.lock().changed)
    }

    fn add(&self, kind: EventKind, reason: &str, object: String, message: String) {
        tracing::debug!(reason, object, message, "stage event");
        let mut log = self.lock();
        if log.events.len() == KEPT {
            log.events.pop_front();
        }
        log.events.push_back(Event {
            at: unix_now(),
            kind,
            reason: reason.into(),
            object,
            message,
        });
        log.changed = true;
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Seconds since the Unix epoch, in whole milliseconds: these survive the way through JSON.
pub(crate) fn unix_now() -> f64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map_or(0.0, |now| now.as_millis() as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_events_are_kept_and_a_change_is_reported_once() {
        let events = Events::default();
        for number in 0..=KEPT {
            events.normal("Started", format!("Pod/{number}"), "");
        }
        let kept = events.recent();
        assert_eq!((kept.len(), kept[0].object.as_str()), (KEPT, "Pod/1"));
        assert_eq!((events.take_changed(), events.take_changed()), (true, false));
    }
}
