//! The latest events of all objects; equal ones are counted, as Kubernetes does.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::event_kind::EventKind;
use super::key::Key;
use crate::snapshot::{Event, Owner};

/// Events kept; the oldest are dropped first. Kubernetes drops them after an hour.
const MAX_EVENTS: usize = 10_000;

/// How many events back an equal one is looked for.
const AGGREGATION_WINDOW: usize = 64;

/// The object that an event is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) key: &'a Key,
    pub(super) uid: &'a str,
    /// What made it.
    pub(super) owner: Option<&'a Owner>,
}

/// The latest events of all objects.
#[derive(Debug, Default)]
pub(super) struct EventLog(VecDeque<Event>);

impl EventLog {
    pub(super) fn record(&mut self, subject: Subject<'_>, kind: &EventKind<'_>, now: Timestamp) {
        let Subject { key, uid, owner } = subject;
        let message = kind.to_string();
        tracing::debug!(
            kind = key.kind,
            namespace = key.namespace,
            name = key.name,
            message,
            "chaos event"
        );
        let earlier = self
            .0
            .iter_mut()
            .rev()
            .take(AGGREGATION_WINDOW)
            .find(|event| event.uid == uid && event.message == message);
        if let Some(event) = earlier {
            event.count += 1;
            event.last_timestamp = now;
            return;
        }
        if self.0.len() == MAX_EVENTS {
            self.0.pop_front();
        }
        self.0.push_back(Event {
            kind: key.kind.to_owned(),
            namespace: key.namespace.clone(),
            name: key.name.clone(),
            uid: uid.to_owned(),
            owner: owner.cloned(),
            severity: kind.severity(),
            reason: kind.reason().to_owned(),
            source: kind.source().to_owned(),
            message,
            count: 1,
            first_timestamp: now,
            last_timestamp: now,
        });
    }

    pub(super) fn latest(&self) -> Vec<Event> {
        self.0.iter().cloned().collect()
    }
}

/// Writes down what happens to one object at one moment.
pub(super) struct Recorder<'a> {
    pub(super) log: &'a mut EventLog,
    pub(super) subject: Subject<'a>,
    pub(super) now: Timestamp,
}

impl Recorder<'_> {
    pub(super) fn record(&mut self, kind: &EventKind<'_>) {
        self.log.record(self.subject, kind, self.now);
    }
}
