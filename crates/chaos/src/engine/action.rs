//! One operation on one target: what it is, how it is carried out, what it leaves.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::journal::JournalEntry;
use super::key::Key;
use crate::fault::Fault;
use crate::injector::Injector;
use crate::kind::Side;
use crate::snapshot::Operation;
use crate::target::Target;

/// Something to be done to a target.
#[derive(Clone, Debug)]
pub(super) struct Action {
    pub(super) key: Key,
    pub(super) uid: String,
    /// The position of its record in the experiment.
    pub(super) record: usize,
    /// Which selector chose the target.
    pub(super) side: Side,
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

/// How an action went: done, with what the stage had to cut, or not done.
pub(super) type Outcome = Result<Vec<String>, Failure>;

pub(super) async fn carry_out<I: Injector>(
    injector: Arc<I>,
    permits: Arc<Semaphore>,
    limit: Duration,
    action: Action,
    journalled: bool,
) -> Outcome {
    if action.operation == Operation::Apply && !journalled {
        return Err(Failure {
            message: "the journal cannot be written; see the stage's log".to_owned(),
            partial: false,
        });
    }
    let _permit = permits
        .acquire()
        .await
        .map_err(|error| Failure { message: error.to_string(), partial: false })?;
    let id = action.fault_id();
    let Action { fault, target, operation, expires, .. } = &action;
    let work = async {
        match operation {
            Operation::Apply => {
                injector.apply(&id, fault, target, expires.map(SystemTime::from)).await
            }
            Operation::Recover => {
                let recovered = injector.recover(&id, fault, target).await;
                recovered.map(|()| Vec::new())
            }
        }
    };
    match tokio::time::timeout(limit, work).await {
        Ok(outcome) => outcome.map_err(|message| Failure { message, partial: false }),
        Err(_) => Err(Failure {
            message: format!("no answer from the stage within {} s", limit.as_secs_f32()),
            partial: true,
        }),
    }
}

impl Action {
    /// Is the target certainly free of the fault after this?
    pub(super) fn leaves_no_fault(&self, outcome: &Outcome) -> bool {
        match (self.operation, outcome) {
            (Operation::Recover, Ok(_)) => true,
            (Operation::Apply, Ok(_)) => self.fault.one_shot(),
            (Operation::Apply, Err(failure)) => !failure.partial,
            (Operation::Recover, Err(_)) => false,
        }
    }

    /// Tells the faults on a target apart: a pod may be at both ends of an experiment.
    pub(super) fn place(&self) -> Place {
        let target = format!("{}{}", self.target, self.side.key());
        Place { experiment: self.uid.clone(), target }
    }

    /// What the journal says about it.
    pub(super) fn journal_entry(&self) -> JournalEntry {
        JournalEntry {
            experiment: self.key.to_string(),
            id: self.fault_id(),
            fault: (*self.fault).clone(),
            target: self.target.clone(),
            expires: self.expires,
        }
    }

    /// The name of the fault on its target; the same before and after a crash.
    fn fault_id(&self) -> String {
        let Key { kind, namespace, name } = &self.key;
        let id = format!("{namespace}/{}/{name}", kind.to_lowercase());
        match self.side {
            Side::Selected => id,
            Side::Other => id + "/Target",
        }
    }
}

/// Where a fault is: which experiment's, on which target, at which end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    experiment: String,
    target: String,
}
