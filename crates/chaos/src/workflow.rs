//! Workflow: experiments one after the other, or side by side.
//!
//! Chaos, Schedule and Suspend steps end by their deadline and by nothing else; then their
//! experiments are deleted, which recovers them. A StatusCheck step ends when its check does.

mod parse;
mod shape;

use std::sync::Arc;

use serde_json::Value;

use crate::document::{self, Body};
use crate::duration::GoDuration;
use crate::lint;
use crate::problem::Problem;
use crate::schedule::Schedule;
use crate::status_check::StatusCheck;

/// The kind's name in documents.
pub const KIND: &str = "Workflow";

/// Key of its payload in a Schedule.
pub(crate) const SCHEDULE_KEY: &str = "workflow";

/// The annotation that aborts a workflow when its value is the text `true`.
pub const ABORT_ANNOTATION: &str = "workflow.chaos-mesh.org/abort";

/// A checked Workflow.
#[derive(Clone, Debug)]
pub struct Workflow {
    /// Where it starts: a position in `templates`.
    pub entry: usize,
    /// Its steps.
    pub templates: Vec<Template>,
}

/// One step of a Workflow.
#[derive(Clone, Debug)]
pub struct Template {
    /// Unique in its workflow.
    pub name: String,
    /// How long, from its start.
    pub deadline: Option<GoDuration>,
    /// What it does.
    pub step: Step,
}

/// What a step does. Children are positions in the templates of the workflow.
#[derive(Clone, Debug)]
pub enum Step {
    /// Its children, one after the other.
    Serial(Vec<usize>),
    /// Its children, side by side.
    Parallel(Vec<usize>),
    /// Nothing, until its deadline.
    Suspend,
    /// An experiment until its deadline.
    Chaos {
        /// The experiment.
        body: Body,
        /// Its spec as written.
        spec: Value,
    },
    /// A Schedule until its deadline.
    Schedule {
        /// The Schedule.
        schedule: Arc<Schedule>,
        /// Its spec as written.
        spec: Value,
    },
    /// A check until it is complete.
    StatusCheck {
        /// The check.
        check: Arc<StatusCheck>,
        /// Its spec as written.
        spec: Value,
        /// Is the workflow aborted when the check fails?
        abort: bool,
    },
    /// A pod that decides what comes next (refused on this stage).
    Task,
}

impl Template {
    /// `Serial`, `StressChaos` ...
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.step {
            Step::Serial(_) => "Serial",
            Step::Parallel(_) => "Parallel",
            Step::Suspend => "Suspend",
            Step::Chaos { body, .. } => body.kind(),
            Step::Schedule { .. } => "Schedule",
            Step::StatusCheck { .. } => "StatusCheck",
            Step::Task => "Task",
        }
    }

    /// The steps that it starts.
    #[must_use]
    pub fn children(&self) -> &[usize] {
        match &self.step {
            Step::Serial(children) | Step::Parallel(children) => children,
            _ => &[],
        }
    }

    /// How this stage carries it out; empty for steps that only wait or lead to others.
    pub(crate) fn mechanism(&self) -> String {
        match &self.step {
            Step::Chaos { body, .. } => body.mechanism(),
            Step::Schedule { schedule, .. } => schedule.child.mechanism(),
            Step::StatusCheck { check, .. } => check.mechanism(),
            Step::Serial(_) | Step::Parallel(_) | Step::Suspend | Step::Task => String::new(),
        }
    }

    /// The key of what it embeds, as in the document.
    fn key(&self) -> &'static str {
        match &self.step {
            Step::Chaos { body, .. } => body.schedule_key(),
            Step::Schedule { .. } => "schedule",
            Step::StatusCheck { .. } => "statusCheck",
            _ => "",
        }
    }
}

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
                Step::Chaos { body, .. } => document::refusals_of(body, template.key()),
                Step::Schedule { schedule, .. } => schedule.refusals(template.key()),
                _ => Vec::new(),
            };
            if let Step::Chaos { body, .. } = &template.step
                && body.chaos().is_some_and(|chaos| !chaos.one_shot())
                && template.deadline.is_some_and(document::too_long)
            {
                refusals.push(Problem::new("deadline", document::TOO_LONG).under(&path));
            }
            refusals.extend(found.into_iter().map(|refusal| refusal.under(&path)));
        }
        refusals
    }

    /// What is allowed but unlikely to be meant, with paths below `parent`.
    pub(crate) fn lints(
        &self,
        parent: &str,
        default_maximum: GoDuration,
        now: jiff::Timestamp,
    ) -> Vec<Problem> {
        let mut lints = Vec::new();
        let reached = self.reached();
        for (index, template) in self.templates.iter().enumerate() {
            let path = format!("{parent}.templates[{index}]");
            let mut own = Vec::new();
            if !reached[index] {
                own.push(Problem::new(
                    "name",
                    format!("nothing leads to `{}` from the entry; remove it", template.name),
                ));
            }
            if template.deadline.is_none()
                && matches!(template.step, Step::Chaos { .. } | Step::Schedule { .. })
            {
                own.push(Problem::new("deadline", format!("omitted: such a step ends by its deadline only, so the workflow waits for ever, or for a deadline around it; without either this stage ends its faults after {default_maximum}; write for example 30s")));
            }
            let mut inner = Vec::new();
            match &template.step {
                Step::Chaos { body: Body::Experiment { chaos, .. }, .. } => {
                    lint::embedded(chaos.as_ref(), &mut inner)
                }
                Step::Schedule { schedule, .. } => {
                    let mut made = Vec::new();
                    if let Some(chaos) = schedule.child.chaos() {
                        lint::embedded(chaos, &mut made);
                    }
                    let key = schedule.child.schedule_key();
                    inner.extend(made.into_iter().map(|lint| lint.under(key)));
                    inner.extend(lint::schedule(schedule, now));
                }
                Step::StatusCheck { check, .. } => {
                    check.lints(&mut inner);
                    // The deadline of the step ends its check as well.
                    inner.retain(|lint| lint.field != "duration" || template.deadline.is_none());
                }
                _ => {}
            }
            own.extend(inner.into_iter().map(|lint| lint.under(template.key())));
            lints.extend(own.into_iter().map(|lint| lint.under(&path)));
        }
        lints
    }

    /// How this stage carries the workflow out, one sentence.
    pub(crate) fn mechanism(&self) -> String {
        "the engine starts the steps, makes their experiments, and deletes these at the deadline of the step, which ends the faults".to_owned()
    }
}

#[cfg(test)]
mod tests;
