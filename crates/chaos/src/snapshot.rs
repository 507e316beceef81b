//! What can be seen of chaos at one moment: objects, how they are doing, and their events.
//!
//! The shapes are those of Chaos Mesh's own status. Every type is plain data: the local engine
//! fills it, a stage in a cluster fills it from the Kubernetes API, and it travels as JSON. Start
//! with [`Object`].

mod condition;
mod event;
mod experiment;
mod name;
mod object;
mod schedule;
mod status_check;
mod workflow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use condition::Condition;
pub use event::{Event, Severity};
pub use experiment::{
    ChaosStatus, DesiredPhase, ExperimentStatus, Operation, Phase, Record, RecordEvent,
    RecordEventType,
};
pub use name::{Name, NameError};
pub use object::{Applied, Object, Owner, Status};
pub use schedule::ScheduleStatus;
pub use status_check::{CheckOutcome, CheckRecord, StatusCheckStatus};
pub use workflow::{NodePhase, NodeStatus, WorkflowStatus};

/// Everything that is known at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The moment.
    pub now: Timestamp,
    /// The objects, sorted by kind, namespace and name.
    pub objects: Vec<Object>,
    /// The latest events, oldest first; those of deleted objects included.
    pub events: Vec<Event>,
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

    /// All objects that a name means.
    pub fn find_all<'a>(&'a self, name: &'a Name) -> impl Iterator<Item = &'a Object> {
        self.objects.iter().filter(|object| {
            name.means(&object.kind, &object.metadata.namespace, &object.metadata.name)
        })
    }
}
