//! What the engine shows of its objects: the shapes of Chaos Mesh's own status, ready to be
//! serialized.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::check::StatusCheckStatus;
use super::events::Event;
use super::workflow::WorkflowStatus;
use crate::document::ObjectMeta;

/// Everything the engine knows at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct Snapshot {
    /// The moment.
    pub now: Timestamp,
    /// The objects, sorted by kind, namespace and name.
    pub objects: Vec<Object>,
    /// The latest events, oldest first; those of deleted objects included.
    pub events: Vec<Event>,
}

/// One experiment, Schedule, Workflow or StatusCheck.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Object {
    /// `DNSChaos`, `PodChaos`, `Schedule`.
    pub kind: &'static str,
    /// Name, namespace, labels, annotations.
    pub metadata: ObjectMeta,
    /// Unique for ever, unlike the name.
    pub uid: String,
    /// When it was created, in whole seconds as in Kubernetes.
    pub creation_timestamp: Timestamp,
    /// When its deletion was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_timestamp: Option<Timestamp>,
    /// What must happen before it may go.
    pub finalizers: Vec<&'static str>,
    /// The name of the Schedule or Workflow that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// `Schedule` or `Workflow`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_kind: Option<&'static str>,
    /// The spec as written.
    pub spec: Value,
    /// How this stage carries it out, and where that differs from a cluster.
    pub mechanism: String,
    /// How it is doing.
    pub status: Status,
}

/// How an object is doing.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Status {
    /// Of an experiment.
    Experiment(ExperimentStatus),
    /// Of a Schedule.
    Schedule(ScheduleStatus),
    /// Of a Workflow.
    Workflow(WorkflowStatus),
    /// Of a StatusCheck.
    StatusCheck(StatusCheckStatus),
}

/// How an experiment is doing.
#[derive(Clone, Debug, Serialize)]
pub struct ExperimentStatus {
    /// Selected, AllInjected, AllRecovered, Paused.
    pub conditions: Vec<Condition>,
    /// Phase and records.
    pub experiment: Experiment,
}

/// Phase and records of an experiment.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Experiment {
    /// What the engine works towards; `None` before its first look.
    pub desired_phase: Option<DesiredPhase>,
    /// One per pod or container.
    pub container_records: Vec<Record>,
}

/// What the engine works towards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum DesiredPhase {
    /// The fault is in place.
    Run,
    /// The fault is gone.
    Stop,
}

/// A fact about an experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// Selected, AllInjected, AllRecovered or Paused.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Serialized as Kubernetes does: `True` or `False`.
    #[serde(serialize_with = "as_status")]
    pub status: bool,
}

/// A fact about a Workflow or a StatusCheck, and why it is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ReasonedCondition {
    /// Accomplished, Completed ...
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Serialized as Kubernetes does: `True` or `False`.
    #[serde(serialize_with = "as_status")]
    pub status: bool,
    /// One word; often empty.
    pub reason: &'static str,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn as_status<S: serde::Serializer>(status: &bool, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(if *status { "True" } else { "False" })
}

/// One target of an experiment.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// `namespace/pod` or `namespace/pod/container`.
    pub id: String,
    /// Which selector chose it: `.`, or `.Target` for the other end of a NetworkChaos.
    pub selector_key: &'static str,
    /// Is the fault in place?
    pub phase: Phase,
    /// How often it was injected.
    pub injected_count: u32,
    /// How often it was recovered.
    pub recovered_count: u32,
    /// The latest attempts, oldest first, at most 100.
    pub events: Vec<RecordEvent>,
}

/// Is the fault in place?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Phase {
    /// No.
    #[serde(rename = "Not Injected")]
    NotInjected,
    /// Yes.
    Injected,
}

/// One attempt on a record.
#[derive(Clone, Debug, Serialize)]
pub struct RecordEvent {
    /// What was tried.
    pub operation: Operation,
    /// `Succeeded` or `Failed`.
    #[serde(rename = "type")]
    pub outcome: &'static str,
    /// Why it failed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// When it ended.
    pub timestamp: Timestamp,
}

/// What is done to a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Operation {
    /// Inject the fault.
    Apply,
    /// Take it off.
    Recover,
}

/// How a Schedule is doing.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ScheduleStatus {
    /// The names of its experiments, finished ones included while they are kept.
    pub active: Vec<String>,
    /// When it last made one.
    pub time: Option<Timestamp>,
}

impl Snapshot {
    /// The events of one object, oldest first.
    pub fn events_of<'a>(&'a self, object: &'a Object) -> impl Iterator<Item = &'a Event> {
        self.events.iter().filter(|event| event.uid == object.uid)
    }

    /// Finds an object by kind and name in any namespace.
    #[must_use]
    pub fn find(&self, kind: &str, name: &str) -> Option<&Object> {
        self.objects.iter().find(|object| object.kind == kind && object.metadata.name == name)
    }
}

impl Object {
    /// Is this condition true?
    #[must_use]
    pub fn is(&self, condition: &str) -> bool {
        match &self.status {
            Status::Experiment(status) => {
                status.conditions.iter().any(|found| found.kind == condition && found.status)
            }
            Status::Schedule(_) => false,
            Status::Workflow(WorkflowStatus { conditions, .. })
            | Status::StatusCheck(StatusCheckStatus { conditions, .. }) => {
                conditions.iter().any(|found| found.kind == condition && found.status)
            }
        }
    }

    /// Does it do what its document asks for? An experiment once all is injected, a Workflow once
    /// it has started; a Schedule and a StatusCheck at once.
    #[must_use]
    pub fn begun(&self) -> bool {
        match &self.status {
            Status::Experiment(_) => self.is("AllInjected"),
            Status::Workflow(_) => self.is("Scheduled"),
            Status::Schedule(_) | Status::StatusCheck(_) => true,
        }
    }

    /// The records of an experiment; none for other kinds.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        match &self.status {
            Status::Experiment(status) => &status.experiment.container_records,
            _ => &[],
        }
    }
}
