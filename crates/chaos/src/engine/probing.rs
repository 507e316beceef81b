//! Asks the questions of StatusChecks beside everything else: one task for each, at most one per
//! check.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinSet};

use super::check::Question;
use crate::injector::Injector;
use crate::workflow::probe::ProbeAnswer;

/// How much longer than its time-out a question may take.
const GRACE: Duration = Duration::from_secs(1);

/// Questions under way.
#[derive(Debug, Default)]
pub(super) struct Probing {
    running: JoinSet<Result<ProbeAnswer, String>>,
    questions: HashMap<Id, Question>,
}

impl Probing {
    pub(super) fn ask<I: Injector>(&mut self, injector: &Arc<I>, questions: Vec<Question>) {
        for question in questions {
            let (injector, probe) = (injector.clone(), question.probe.clone());
            let asking = async move {
                // The stage keeps the time-out; a stage that does not is given up on.
                let limit = probe.timeout + GRACE;
                let answer = tokio::time::timeout(limit, injector.probe(&probe)).await;
                answer.unwrap_or_else(|_| {
                    Err(format!("no answer within {} s", probe.timeout.as_secs()))
                })
            };
            let id = self.running.spawn(asking).id();
            self.questions.insert(id, question);
        }
    }

    /// Waits for the next answer; `None` when no question is under way. Safe to be cut off.
    pub(super) async fn answered(&mut self) -> Option<(Question, Result<ProbeAnswer, String>)> {
        let (id, answer) = match self.running.join_next_with_id().await? {
            Ok(answered) => answered,
            Err(error) => (error.id(), Err(format!("the stage broke off: {error}"))),
        };
        self.questions.remove(&id).map(|question| (question, answer))
    }
}
