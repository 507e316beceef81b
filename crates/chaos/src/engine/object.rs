//! One object in the engine's memory.

use jiff::Timestamp;

use super::events::Subject;
use super::experiment::ExperimentState;
use super::key::Key;
use super::schedule::ScheduleState;
use super::status_check::StatusCheckState;
use super::workflow::WorkflowState;
use crate::document::{Body, ObjectMeta, PAUSE_ANNOTATION};
use crate::snapshot::{self, Object, Status};

/// One object with its state.
#[derive(Debug)]
pub(super) struct StoredObject {
    pub(super) meta: ObjectMeta,
    /// The metadata as last applied, to see which labels and annotations a new file takes away.
    pub(super) applied: ObjectMeta,
    pub(super) uid: String,
    pub(super) created: Timestamp,
    pub(super) deleted: Option<Timestamp>,
    pub(super) owner: Option<Owner>,
    pub(super) spec: serde_json::Value,
    /// How this stage carries it out.
    pub(super) mechanism: String,
    pub(super) state: ObjectState,
    /// When it must be looked at again even if nothing happens.
    pub(super) wake: Option<Timestamp>,
    /// Nothing is left to do: it goes at the end of this round.
    pub(super) gone: bool,
}

/// The Schedule or Workflow that made an object.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub(super) object: snapshot::Owner,
    pub(super) uid: String,
    /// When it will delete the object again, if it knows.
    pub(super) until: Option<Timestamp>,
}

#[derive(Debug)]
pub(super) enum ObjectState {
    Experiment(ExperimentState),
    Schedule(ScheduleState),
    Workflow(WorkflowState),
    StatusCheck(StatusCheckState),
}

impl ObjectState {
    pub(super) fn new(body: &Body, created: Timestamp) -> Self {
        match body {
            Body::Experiment(experiment) => Self::Experiment(ExperimentState::new(experiment)),
            Body::Schedule(schedule) => Self::Schedule(ScheduleState::new(schedule.clone())),
            Body::Workflow(workflow) => Self::Workflow(WorkflowState::new(workflow.clone())),
            Body::StatusCheck(check) => {
                Self::StatusCheck(StatusCheckState::new(check.clone(), created))
            }
        }
    }
}

impl StoredObject {
    /// This object, as events name it.
    pub(super) fn subject<'a>(&'a self, key: &'a Key) -> Subject<'a> {
        Subject { key, uid: &self.uid, owner: self.owner.as_ref().map(|owner| &owner.object) }
    }

    /// When its owner will delete it again, if that is known.
    pub(super) fn until(&self) -> Option<Timestamp> {
        self.owner.as_ref().and_then(|owner| owner.until)
    }

    pub(super) fn is_owned_by(&self, uid: &str) -> bool {
        self.owner.as_ref().is_some_and(|owner| owner.uid == uid)
    }

    /// Takes over labels and annotations of a new file, keeping those that others have set since
    /// the last one. Did that change anything?
    pub(super) fn merge(&mut self, meta: &ObjectMeta) -> bool {
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
        self.meta.annotations.insert(PAUSE_ANNOTATION.to_owned(), pause.to_string());
        self.touch();
    }

    /// A change of the object is an occasion to select targets again if there are none.
    pub(super) fn touch(&mut self) {
        if let ObjectState::Experiment(state) = &mut self.state {
            state.select_again();
        }
    }

    /// The object as it is shown.
    pub(super) fn view(&self, key: &Key, now: Timestamp) -> Object {
        let (status, finalizers) = match &self.state {
            ObjectState::Experiment(state) => {
                (Status::Experiment(state.status(self.meta.paused())), state.finalizers())
            }
            ObjectState::Schedule(state) => (Status::Schedule(state.status.clone()), Vec::new()),
            ObjectState::Workflow(state) => (Status::Workflow(state.status()), Vec::new()),
            ObjectState::StatusCheck(state) => (Status::StatusCheck(state.status(now)), Vec::new()),
        };
        Object {
            kind: key.kind.to_owned(),
            metadata: self.meta.clone(),
            uid: self.uid.clone(),
            creation_timestamp: self.created,
            deletion_timestamp: self.deleted,
            finalizers,
            owner: self.owner.as_ref().map(|owner| owner.object.clone()),
            spec: self.spec.clone(),
            mechanism: self.mechanism.clone(),
            status,
        }
    }
}
