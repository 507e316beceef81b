//! The engine's memory: objects, events, and the rules that move them, without a clock, a task or a
//! file.
//!
//! `reconcile` looks at everything once and says what has to be done to targets; `settle` takes in
//! how that went. The life of an experiment is in [`super::lifecycle`], that of a Schedule in
//! [`super::spawn`].

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::action::Action;
use super::check::{CheckState, Question};
use super::entry::{Entry, Owner, State};
use super::error::EngineError;
use super::events::{EventLog, Happening};
use super::experiment::ExperimentState;
use super::names;
use super::spawn::ScheduleState;
use super::workflow::WorkflowState;
use crate::document::{Body, Document, ObjectMeta};
use crate::fields::duration::GoDuration;
use crate::snapshot::{Applied, Snapshot};
use crate::target::Pod;

/// Identifies an object; sorts by kind, then namespace, then name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) kind: &'static str,
    pub(super) namespace: String,
    pub(super) name: String,
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
    /// What StatusChecks want to have asked.
    pub(super) questions: Vec<Question>,
}

/// A Schedule may make a Workflow, and that a Schedule: both are looked at so many times in a
/// round.
const LAYERS: usize = 2;

impl World {
    pub(super) fn new(seed: u64, default_maximum: GoDuration) -> Self {
        Self {
            objects: BTreeMap::new(),
            events: EventLog::default(),
            rng: StdRng::seed_from_u64(seed),
            default_maximum,
            busy: BTreeSet::new(),
            questions: Vec::new(),
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
            (State::Workflow(state), Body::Workflow(workflow)) if spec_changed => state
                .replace(workflow.clone())
                .map_err(|why| EngineError::Unplayable(key.to_string(), why))?,
            _ if spec_changed => return Err(EngineError::Immutable(key.to_string())),
            _ => {}
        }
        entry.spec = document.spec.clone();
        entry.mechanism = document.mechanism();
        let meta_changed = entry.merge(&document.meta);
        entry.touch();
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
        let state = match body {
            Body::Experiment(experiment) => State::Experiment(ExperimentState::new(experiment)),
            Body::Schedule(schedule) => State::Schedule(ScheduleState::new(schedule.clone())),
            Body::Workflow(workflow) => State::Workflow(WorkflowState::new(workflow.clone())),
            Body::StatusCheck(check) => {
                State::StatusCheck(CheckState::new(check.clone(), whole_second(now)))
            }
        };
        let entry = Entry {
            applied: meta.clone(),
            meta,
            uid: names::uid(&mut self.rng),
            created: whole_second(now),
            deleted: None,
            owner,
            spec,
            mechanism: body.mechanism(),
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

    pub(super) fn pause(&mut self, key: &Key, pause: bool) -> Result<(), EngineError> {
        match self.objects.get_mut(key) {
            Some(Entry { state: State::Workflow(_) | State::StatusCheck(_), .. }) => {
                Err(EngineError::NotPausable(key.to_string()))
            }
            Some(entry) => {
                entry.set_paused(pause);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Looks at everything once. `pods` is asked only when targets have to be selected.
    pub(super) fn reconcile(&mut self, now: Timestamp, pods: &dyn Fn() -> Vec<Pod>) -> Vec<Action> {
        let mut actions = Vec::new();
        // Experiments and checks first, so that one that ends at this moment is over before its
        // Schedule or Workflow looks; then these; then what they made, paused or deleted.
        self.step_experiments(now, pods, &mut actions);
        self.step_checks(now);
        for _ in 0..LAYERS {
            for key in self.keys(|state| matches!(state, State::Workflow(_))) {
                self.step_workflow(&key, now);
            }
            for key in self.keys(|state| matches!(state, State::Schedule(_))) {
                self.step_schedule(&key, now);
            }
        }
        self.step_checks(now);
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

    fn step_checks(&mut self, now: Timestamp) {
        for key in self.keys(|state| matches!(state, State::StatusCheck(_))) {
            self.step_check(&key, now);
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
        let owner = self.objects.get(key).and_then(|entry| entry.owner.as_ref());
        self.events.record(key, uid, owner.map(|owner| &owner.object), happening, now);
    }

    pub(super) fn snapshot(&self, now: Timestamp) -> Snapshot {
        let objects = self.objects.iter().map(|(key, entry)| entry.view(key, now)).collect();
        Snapshot { now, objects, events: self.events.all() }
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}/{} in namespace {}", self.kind.to_lowercase(), self.name, self.namespace)
    }
}

/// Kubernetes stores times in whole seconds, and durations count from there.
pub(super) fn whole_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
