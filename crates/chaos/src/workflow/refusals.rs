//! What this stage cannot do about a Workflow.

use super::{Step, Workflow};
use crate::experiment::{TOO_LONG, is_too_long};
use crate::fields::problem::Problem;
use crate::schedule::Child;

impl Workflow {
    /// What this stage would refuse, with paths below `parent`: then nothing of the workflow is
    /// started.
    pub(crate) fn refusals(&self, parent: &str) -> Vec<Problem> {
        let mut refusals = self.shape_refusals(parent);
        for (index, template) in self.templates.iter().enumerate() {
            let path = format!("{parent}.templates[{index}]");
            let found = match &template.step {
                Step::Task => vec![Problem::new(
                    "task",
                    "this stage runs no container images, and branches need one; use a StatusCheck, or play it in a cluster",
                )],
                Step::Chaos { experiment, .. } => Child::refusals(experiment, template.key()),
                Step::Schedule { schedule, .. } => schedule.refusals(template.key()),
                Step::StatusCheck { check, .. } => check.refusals(template.key()),
                _ => Vec::new(),
            };
            if let Step::Chaos { experiment, .. } = &template.step
                && !experiment.chaos.one_shot()
                && template.deadline.is_some_and(is_too_long)
            {
                refusals.push(Problem::new("deadline", TOO_LONG).under(&path));
            }
            refusals.extend(found.into_iter().map(|refusal| refusal.under(&path)));
        }
        refusals
    }
}
