//! One operation on one target: what it is, how it is carried out, what it leaves.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::world::Key;
use crate::engine::journal::Leftover;
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
    pub(super) slot: usize,
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
pub(super) type Done = Result<Vec<String>, Failure>;

pub(super) async fn carry_out<I: Injector>(
    injector: Arc<I>,
    permits: Arc<Semaphore>,
    limit: Duration,
    action: Action,
    journalled: bool,
) -> Done {
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
    let id = id(&action);
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

/// Is the target certainly free of the fault after this?
pub(super) fn leaves_nothing(action: &Action, outcome: &Done) -> bool {
    match (action.operation, outcome) {
        (Operation::Recover, Ok(_)) => true,
        (Operation::Apply, Ok(_)) => action.fault.one_shot(),
        (Operation::Apply, Err(failure)) => !failure.partial,
        (Operation::Recover, Err(_)) => false,
    }
}

/// Tells the faults on a target apart: a pod may be at both ends of an experiment.
pub(super) fn place(action: &Action) -> (String, String) {
    let place = format!("{}{}", action.target, action.side.key());
    (action.uid.clone(), place)
}

/// The name of the fault on its target; the same before and after a crash.
fn id(action: &Action) -> String {
    let Key { kind, namespace, name } = &action.key;
    let end = action.side.key().trim_start_matches('.');
    format!(
        "{namespace}/{}/{name}{}{end}",
        kind.to_lowercase(),
        if end.is_empty() { "" } else { "/" }
    )
}

pub(super) fn leftover(action: &Action) -> Leftover {
    Leftover {
        experiment: action.key.to_string(),
        id: id(action),
        fault: (*action.fault).clone(),
        target: action.target.clone(),
        expires: action.expires,
    }
}
