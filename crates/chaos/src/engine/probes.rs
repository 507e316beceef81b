//! Sends the requests of StatusChecks beside everything else: a task for each, at most one per
//! check.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinSet};

use super::status_check::ProbeRequest;
use crate::injector::Injector;
use crate::workflow::probe::ProbeAnswer;

/// How much longer than its time-out a request may take.
const GRACE: Duration = Duration::from_secs(1);

/// Requests under way.
#[derive(Debug, Default)]
pub(super) struct Probes {
    running: JoinSet<Result<ProbeAnswer, String>>,
    requests: HashMap<Id, ProbeRequest>,
}

impl Probes {
    pub(super) fn send<I: Injector>(&mut self, injector: &Arc<I>, requests: Vec<ProbeRequest>) {
        for request in requests {
            let (injector, probe) = (injector.clone(), request.probe.clone());
            let asking = async move {
                // The stage keeps the time-out; one that does not is not waited for any longer.
                let limit = probe.timeout + GRACE;
                let answer = tokio::time::timeout(limit, injector.probe(&probe)).await;
                answer.unwrap_or_else(|_| {
                    Err(format!("no answer within {} s", probe.timeout.as_secs()))
                })
            };
            let id = self.running.spawn(asking).id();
            self.requests.insert(id, request);
        }
    }

    /// Waits for the next answer; `None` when no request is under way. Cancel safe.
    pub(super) async fn answered(&mut self) -> Option<(ProbeRequest, Result<ProbeAnswer, String>)> {
        let (id, answer) = match self.running.join_next_with_id().await? {
            Ok(answered) => answered,
            Err(error) => (error.id(), Err(format!("the stage broke off: {error}"))),
        };
        self.requests.remove(&id).map(|request| (request, answer))
    }
}
