//! One experiment, Schedule, Workflow or StatusCheck.

mod read;

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::experiment::{ChaosStatus, Record};
use super::name::Name;
use super::schedule::ScheduleStatus;
use super::status_check::StatusCheckStatus;
use super::workflow::WorkflowStatus;
use crate::document::ObjectMeta;

/// One experiment, Schedule, Workflow or StatusCheck.
///
/// It is written in a flat shape. It is read in that shape, or as the Kubernetes API shows it;
/// fields that are not known are ignored.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Object {
    /// `DNSChaos`, `PodChaos`, `Schedule`.
    pub kind: String,
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
    pub finalizers: Vec<String>,
    /// The Schedule or Workflow that made it.
    #[serde(flatten)]
    pub owner: Option<Owner>,
    /// The spec as written.
    pub spec: Value,
    /// How this stage carries it out, and where that differs from a cluster; empty in a cluster.
    pub mechanism: String,
    /// How it is doing.
    pub status: Status,
}

/// The Schedule or Workflow that made an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Its name, in the namespace of the object.
    #[serde(rename = "owner")]
    pub name: String,
    /// `Schedule` or `Workflow`.
    #[serde(rename = "ownerKind")]
    pub kind: String,
}

/// How an object is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Status {
    /// Of an experiment.
    Experiment(ChaosStatus),
    /// Of a Schedule.
    Schedule(ScheduleStatus),
    /// Of a Workflow.
    Workflow(WorkflowStatus),
    /// Of a StatusCheck.
    StatusCheck(StatusCheckStatus),
}

/// What `apply` did to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Applied {
    /// The object is new.
    Created,
    /// The object exists and was changed.
    Configured,
    /// The object exists and is the same.
    Unchanged,
}

impl Object {
    /// The name that means this object and no other.
    #[must_use]
    pub fn full_name(&self) -> Name {
        Name {
            namespace: Some(self.metadata.namespace.clone()),
            kind: Some(self.kind.clone()),
            name: self.metadata.name.clone(),
        }
    }

    /// Is this condition true?
    #[must_use]
    pub fn is(&self, condition: &str) -> bool {
        let conditions = match &self.status {
            Status::Experiment(ChaosStatus { conditions, .. })
            | Status::Workflow(WorkflowStatus { conditions, .. })
            | Status::StatusCheck(StatusCheckStatus { conditions, .. }) => conditions.as_slice(),
            Status::Schedule(_) => &[],
        };
        conditions.iter().any(|found| found.kind == condition && found.status)
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

impl fmt::Display for Applied {
    /// In kubectl's words.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Created => "created",
            Self::Configured => "configured",
            Self::Unchanged => "unchanged",
        })
    }
}
