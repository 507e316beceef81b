//! Everything that the engine knows: objects and events, without a clock, a task or a file.
//!
//! It is moved by the rules in [`super::steps`].

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::clock::whole_second;
use super::error::EngineError;
use super::event_kind::EventKind;
use super::events::EventLog;
use super::key::Key;
use super::names;
use super::object::{ObjectState, Owner, StoredObject};
use super::status_check::ProbeRequest;
use crate::document::{Body, Document, ObjectMeta};
use crate::fields::duration::GoDuration;
use crate::snapshot::{Applied, Name, Snapshot};

/// Everything that the engine knows.
#[derive(Debug)]
pub(super) struct EngineState {
    pub(super) objects: BTreeMap<Key, StoredObject>,
    pub(super) events: EventLog,
    pub(super) rng: StdRng,
    /// Ends experiments that have no duration of their own.
    pub(super) default_maximum: GoDuration,
    /// Targets with an operation under way: the next one on the same target waits.
    pub(super) busy: BTreeSet<String>,
    /// What StatusChecks want to have asked.
    pub(super) probes: Vec<ProbeRequest>,
}

impl EngineState {
    pub(super) fn new(seed: u64, default_maximum: GoDuration) -> Self {
        Self {
            objects: BTreeMap::new(),
            events: EventLog::default(),
            rng: StdRng::seed_from_u64(seed),
            default_maximum,
            busy: BTreeSet::new(),
            probes: Vec::new(),
        }
    }

    /// Creates the object of a document, or changes the existing one as far as Chaos Mesh allows.
    pub(super) fn apply(
        &mut self,
        document: &Document,
        now: Timestamp,
    ) -> Result<Applied, EngineError> {
        let Document { meta, body, spec, .. } = document;
        let key = Key {
            kind: document.kind(),
            namespace: meta.namespace.clone(),
            name: meta.name.clone(),
        };
        let Some(object) = self.objects.get_mut(&key) else {
            self.insert(key, meta.clone(), body, spec.clone(), None, now);
            return Ok(Applied::Created);
        };
        if object.deleted.is_some() {
            return Err(EngineError::BeingDeleted(key.to_string()));
        }
        let spec_changed = object.spec != *spec;
        match (&mut object.state, body) {
            _ if !spec_changed => {}
            (ObjectState::Schedule(state), Body::Schedule(schedule)) => {
                state.replace(schedule.clone());
            }
            (ObjectState::Workflow(state), Body::Workflow(workflow)) => state
                .replace(workflow.clone())
                .map_err(|why| EngineError::Unplayable(key.to_string(), why))?,
            _ => return Err(EngineError::Immutable(key.to_string())),
        }
        object.spec = spec.clone();
        object.mechanism = document.mechanism();
        let meta_changed = object.merge(meta);
        object.touch();
        Ok(if spec_changed || meta_changed { Applied::Configured } else { Applied::Unchanged })
    }

    pub(super) fn insert(
        &mut self,
        key: Key,
        meta: ObjectMeta,
        body: &Body,
        spec: serde_json::Value,
        owner: Option<Owner>,
        now: Timestamp,
    ) {
        let created = whole_second(now);
        let object = StoredObject {
            applied: meta.clone(),
            meta,
            uid: names::uid(&mut self.rng),
            created,
            deleted: None,
            owner,
            spec,
            mechanism: body.mechanism(),
            state: ObjectState::new(body, created),
            wake: None,
            gone: false,
        };
        self.objects.insert(key, object);
    }

    /// A name that no object of this kind and namespace has, made of `base` and five characters.
    pub(super) fn free_name(&mut self, kind: &'static str, namespace: &str, base: &str) -> Key {
        loop {
            let name = names::child(base, &mut self.rng);
            let key = Key { kind, namespace: namespace.to_owned(), name };
            if !self.objects.contains_key(&key) {
                return key;
            }
        }
    }

    /// Asks for deletion: experiments recover first, a Schedule takes its experiments with it.
    pub(super) fn delete(&mut self, key: &Key, now: Timestamp) {
        if let Some(object) = self.objects.get_mut(key) {
            object.deleted.get_or_insert(now);
        }
    }

    pub(super) fn pause(&mut self, key: &Key, pause: bool) -> Result<(), EngineError> {
        let Some(object) = self.objects.get_mut(key) else {
            return Ok(());
        };
        match &object.state {
            ObjectState::Workflow(_) | ObjectState::StatusCheck(_) => {
                Err(EngineError::NotPausable(key.to_string()))
            }
            ObjectState::Experiment(_) | ObjectState::Schedule(_) => {
                object.set_paused(pause);
                Ok(())
            }
        }
    }

    /// The one object that a name means.
    pub(super) fn resolve(&self, name: &Name) -> Result<Key, EngineError> {
        let meant = |key: &&Key| name.means(key.kind, &key.namespace, &key.name);
        let found: Vec<&Key> = self.objects.keys().filter(meant).collect();
        match found.as_slice() {
            [key] => Ok((*key).clone()),
            [] => Err(EngineError::NotFound(name.to_string())),
            several => {
                let full_name = |key: &&Key| {
                    format!("{}/{}/{}", key.namespace, key.kind.to_lowercase(), key.name)
                };
                let candidates: Vec<String> = several.iter().map(full_name).collect();
                Err(EngineError::Ambiguous {
                    name: name.to_string(),
                    candidates: candidates.join(", "),
                })
            }
        }
    }

    /// The objects of some kinds that have something left to do.
    pub(super) fn keys(&self, wanted: impl Fn(&ObjectState) -> bool) -> Vec<Key> {
        self.objects
            .iter()
            .filter(|(_, object)| !object.gone && wanted(&object.state))
            .map(|(key, _)| key.clone())
            .collect()
    }

    /// When something has to be done next, even if nothing else happens.
    pub(super) fn next_wake(&self) -> Option<Timestamp> {
        self.objects.values().filter_map(|object| object.wake).min()
    }

    pub(super) fn wake_at(&mut self, key: &Key, wake: Option<Timestamp>) {
        if let Some(object) = self.objects.get_mut(key) {
            object.wake = wake;
        }
    }

    /// Writes down what happens to an object.
    pub(super) fn record(&mut self, key: &Key, kind: &EventKind<'_>, now: Timestamp) {
        if let Some(object) = self.objects.get(key) {
            self.events.record(object.subject(key), kind, now);
        }
    }

    pub(super) fn snapshot(&self, now: Timestamp) -> Snapshot {
        let objects = self.objects.iter().map(|(key, object)| object.view(key, now)).collect();
        Snapshot { now, objects, events: self.events.latest() }
    }
}
