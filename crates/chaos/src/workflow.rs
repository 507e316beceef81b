//! Workflow: experiments one after the other, or side by side.
//!
//! Chaos, Schedule and Suspend steps end by their deadline and by nothing else; then their
//! experiments are deleted, which recovers them. A StatusCheck step ends when its check does.

mod lints;
mod parse;
pub mod probe;
mod refusals;
mod shape;
pub mod status_check;

use std::sync::Arc;

use serde_json::Value;

use crate::experiment::Experiment;
use crate::fields::duration::GoDuration;
use crate::kinds;
use crate::schedule::Schedule;
use status_check::StatusCheck;

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
        experiment: Experiment,
        /// Its spec as written.
        spec: Value,
    },
    /// A Schedule until its deadline.
    Schedule {
        /// The Schedule.
        schedule: Arc<Schedule<Experiment>>,
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
            Step::Chaos { experiment, .. } => experiment.kind.name,
            Step::Schedule { .. } => kinds::SCHEDULE,
            Step::StatusCheck { .. } => kinds::STATUS_CHECK,
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
            Step::Chaos { experiment, .. } => experiment.chaos.mechanism(),
            Step::Schedule { schedule, .. } => schedule.child.chaos.mechanism(),
            Step::StatusCheck { check, .. } => check.mechanism(),
            Step::Serial(_) | Step::Parallel(_) | Step::Suspend | Step::Task => String::new(),
        }
    }

    /// The key of what it embeds, as in the document.
    fn key(&self) -> &'static str {
        match &self.step {
            Step::Chaos { experiment, .. } => experiment.kind.schedule_key,
            Step::Schedule { .. } => "schedule",
            Step::StatusCheck { .. } => "statusCheck",
            _ => "",
        }
    }
}

impl Workflow {
    /// How this stage carries the workflow out, one sentence.
    pub(crate) fn mechanism(&self) -> String {
        "the engine starts the steps, makes their experiments, and deletes these at the deadline of the step, which ends the faults".to_owned()
    }
}

#[cfg(test)]
mod tests;
