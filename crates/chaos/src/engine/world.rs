//! The engine's memory: objects, events, and the rules that move them, without a clock, a task or a file.
//!
//! `reconcile` looks at everything once and says what has to be done to targets; `settle` takes in how that went.
//! The life of an experiment is in [`super::lifecycle`], that of a Schedule in [`super::spawn`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::error::EngineError;
use super::events::{EventLog, Happening};
use super::experiment::ExperimentState;
use super::names;
use super::spawn::ScheduleState;
use super::status::{Object, Operation, Snapshot, Status};
use crate::document::{Body, Document, ObjectMeta, PAUSE_ANNOTATION};
use crate::duration::GoDuration;
use crate::injector::{Fault, Pod, Target};

/// Identifies an object; sorts by kind, then namespace, then name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) kind: &'static str,
    pub(super) namespace: String,
    pub(super) name: String,
}

/// One object with its state.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) meta: ObjectMeta,
    /// The metadata as last applied, to see which labels and annotations a new file takes away.
    applied: ObjectMeta,
    pub(super) uid: String,
    pub(super) created: Timestamp,
    pub(super) deleted: Option<Timestamp>,
    pub(super) owner: Option<Owner>,
    pub(super) spec: serde_json::Value,
    pub(super) state: State,
    /// When it must be looked at again even if nothing happens.
    pub(super) wake: Option<Timestamp>,
    /// Nothing is left to do: it goes at the end of this round.
    pub(super) gone: bool,
}

/// The Schedule that made an experiment.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub(super) name: String,
    pub(super) uid: String,
}

#[derive(Debug)]
pub(super) enum State {
    Experiment(ExperimentState),
    Schedule(ScheduleState),
}

/// Something to be done to a target.
#[derive(Clone, Debug)]
pub(super) struct Action {
    pub(super) key: Key,
    pub(super) uid: String,
    pub(super) slot: usize,
    pub(super) operation: Operation,
    pub(super) fault: Arc<Fault>,
    pub(super) target: Target,
    pub(super) expires: Option<Timestamp>,
}

/// How an action failed.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) message: String,
    /// It may have been carried out in part: it was cut off rather than refused.
    pub(super) partial: bool,
}

/// What `apply` did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The object is new.
    Created,
    /// The object exists and was changed.
    Configured,
    /// The object exists and is the same.
    Unchanged,
}

/// See the module's description.
#[derive(Debug)]
pub(super) struct World {
    pub(super) objects: BTreeMap<Key, Entry>,
    pub(super) events: EventLog,
    pub(super) rng: StdRng,
    /// Ends experiments that have no duration of their own.
    pub(super) default_maximum: GoDuration,
    /// Targets with an operation under way: the next one on the same target waits.
    pub(super) busy: BTreeSet<String>,
}

impl World {
    pub(super) fn new(seed: u64, default_maximum: GoDuration) -> Self {
        Self {
            objects: BTreeMap::new(),
            events: EventLog::default(),
            rng: StdRng::seed_from_u64(seed),
            default_maximum,
            busy: BTreeSet::new(),
        }
    }

    /// Creates the object of a document, or changes the existing one as far as Chaos Mesh allows.
    pub(super) fn apply(
        &mut self,
        document: &Document,
        now: Timestamp,
    ) -> Result<Applied, EngineError> {
        let key = Key {
            kind: document.kind(),
            namespace: document.meta.namespace.clone(),
            name: document.meta.name.clone(),
        };
        let Some(entry) = self.objects.get_mut(&key) else {
            self.insert(
                key,
                document.meta.clone(),
                &document.body,
                document.spec.clone(),
                None,
                now,
            );
            return Ok(Applied::Created);
        };
        if entry.deleted.is_some() {
            return Err(EngineError::BeingDeleted(key.to_string()));
        }
        let spec_changed = entry.spec != document.spec;
        match (&mut entry.state, &document.body) {
            (State::Schedule(state), Body::Schedule(schedule)) if spec_changed => {
                state.replace(schedule.clone())
            }
            _ if spec_changed => return Err(EngineError::Immutable(key.to_string())),
            _ => {}
        }
        entry.spec = document.spec.clone();
        let meta_changed = entry.merge(&document.meta);
        entry.touch();
        Ok(if spec_changed || meta_changed {
            Applied::Configured
        } else {
            Applied::Unchanged
        })
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
        let state = match body {
            Body::Experiment { chaos, .. } => {
                State::Experiment(ExperimentState::new(chaos.clone()))
            }
            Body::Schedule(schedule) => State::Schedule(ScheduleState::new(schedule.clone())),
        };
        let entry = Entry {
            applied: meta.clone(),
            meta,
            uid: names::uid(&mut self.rng),
            created: whole_second(now),
            deleted: None,
            owner,
            spec,
            state,
            wake: None,
            gone: false,
        };
        self.objects.insert(key, entry);
    }

    /// Asks for deletion: experiments recover first, a Schedule takes its experiments with it.
    pub(super) fn delete(&mut self, key: &Key, now: Timestamp) {
        if let Some(entry) = self.objects.get_mut(key) {
            entry.deleted.get_or_insert(now);
        }
    }

    pub(super) fn pause(&mut self, key: &Key, pause: bool) {
        if let Some(entry) = self.objects.get_mut(key) {
            entry.set_paused(pause);
        }
    }

    /// Looks at everything once. `pods` is asked only when targets have to be selected.
    pub(super) fn reconcile(&mut self, now: Timestamp, pods: &dyn Fn() -> Vec<Pod>) -> Vec<Action> {
        let mut actions = Vec::new();
        // Experiments first, so that one that ends at this moment is over before its Schedule looks; then Schedules;
        // then the experiments that these made, paused or deleted.
        self.step_experiments(now, pods, &mut actions);
        for key in self.keys(|state| matches!(state, State::Schedule(_))) {
            self.step_schedule(&key, now);
        }
        self.step_experiments(now, pods, &mut actions);
        self.objects.retain(|_, entry| !entry.gone);
        actions
    }

    fn step_experiments(
        &mut self,
        now: Timestamp,
        pods: &dyn Fn() -> Vec<Pod>,
        actions: &mut Vec<Action>,
    ) {
        for key in self.keys(|state| matches!(state, State::Experiment(_))) {
            self.step_experiment(&key, now, pods, actions);
        }
    }

    fn keys(&self, wanted: impl Fn(&State) -> bool) -> Vec<Key> {
        self.objects
            .iter()
            .filter(|(_, entry)| !entry.gone && wanted(&entry.state))
            .map(|(key, _)| key.clone())
            .collect()
    }

    /// When something will have to be done even if nothing happens.
    pub(super) fn next_wake(&self) -> Option<Timestamp> {
        self.objects.values().filter_map(|entry| entry.wake).min()
    }

    pub(super) fn tell(&mut self, key: &Key, uid: &str, happening: &Happening<'_>, now: Timestamp) {
        tracing::debug!(kind = key.kind, namespace = key.namespace, name = key.name, %happening, "chaos event");
        self.events.record(key, uid, happening, now);
    }

    pub(super) fn snapshot(&self, now: Timestamp) -> Snapshot {
        let objects = self
            .objects
            .iter()
            .map(|(key, entry)| entry.view(key))
            .collect();
        Snapshot {
            now,
            objects,
            events: self.events.all(),
        }
    }
}

impl Entry {
    /// Takes over labels and annotations of a new file, keeping those that others have set since the last one.
    fn merge(&mut self, meta: &ObjectMeta) -> bool {
        let before = self.meta.clone();
        self.meta.labels.retain(|key, _| {
            !self.applied.labels.contains_key(key) || meta.labels.contains_key(key)
        });
        self.meta.annotations.retain(|key, _| {
            !self.applied.annotations.contains_key(key) || meta.annotations.contains_key(key)
        });
        self.meta.labels.extend(meta.labels.clone());
        self.meta.annotations.extend(meta.annotations.clone());
        self.applied = meta.clone();
        self.meta != before
    }

    pub(super) fn set_paused(&mut self, pause: bool) {
        self.meta
            .annotations
            .insert(PAUSE_ANNOTATION.to_owned(), pause.to_string());
        self.touch();
    }

    /// A change of the object is an occasion to select targets again if there are none.
    fn touch(&mut self) {
        if let State::Experiment(state) = &mut self.state {
            state.select_again();
        }
    }

    fn view(&self, key: &Key) -> Object {
        let (status, finalizers) = match &self.state {
            State::Experiment(state) => (
                Status::Experiment(state.status(self.meta.paused())),
                state.finalizers(),
            ),
            State::Schedule(state) => (Status::Schedule(state.status.clone()), Vec::new()),
        };
        Object {
            kind: key.kind,
            metadata: self.meta.clone(),
            uid: self.uid.clone(),
            creation_timestamp: self.created,
            deletion_timestamp: self.deleted,
            finalizers,
            owner: self.owner.as_ref().map(|owner| owner.name.clone()),
            spec: self.spec.clone(),
            status,
        }
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "{}/{} in namespace {}",
            self.kind.to_lowercase(),
            self.name,
            self.namespace
        )
    }
}

/// Kubernetes stores times in whole seconds, and durations count from there.
pub(super) fn whole_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
