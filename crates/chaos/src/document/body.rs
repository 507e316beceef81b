//! What a document describes: one experiment, or what makes or watches experiments.

use std::sync::Arc;

use serde_json::Value;

use crate::experiment::Experiment;
use crate::fields::problem::Problem;
use crate::kinds;
use crate::schedule::{Child, Schedule};
use crate::workflow::Workflow;
use crate::workflow::status_check::StatusCheck;

/// What a document describes.
#[derive(Clone, Debug)]
pub enum Body {
    /// One experiment.
    Experiment(Experiment),
    /// Experiments made again and again.
    Schedule(Arc<Schedule<Scheduled>>),
    /// Experiments in an order.
    Workflow(Arc<Workflow>),
    /// A question asked again and again.
    StatusCheck(Arc<StatusCheck>),
}

/// What a Schedule makes.
#[derive(Clone, Debug)]
pub enum Scheduled {
    /// Experiments.
    Experiment(Experiment),
    /// Workflows.
    Workflow(Arc<Workflow>),
}

impl Body {
    /// Reads and checks the spec of a `kind` that exists; all that is wrong goes to `problems`.
    pub(super) fn parse(kind: &str, spec: &Value, problems: &mut Vec<Problem>) -> Option<Self> {
        Some(match kind {
            kinds::SCHEDULE => Self::Schedule(Arc::new(Schedule::parse(spec, "spec", problems)?)),
            kinds::WORKFLOW => Self::Workflow(Arc::new(Workflow::parse(spec, "spec", problems)?)),
            kinds::STATUS_CHECK => {
                Self::StatusCheck(Arc::new(StatusCheck::parse(spec, "spec", problems)?))
            }
            name => {
                let kind = kinds::find(name).expect("the kind was checked");
                Self::Experiment(Experiment::parse(kind, spec, "spec", problems)?)
            }
        })
    }

    /// The kind, as in a document.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Experiment(experiment) => experiment.kind.name,
            Self::Schedule(_) => kinds::SCHEDULE,
            Self::Workflow(_) => kinds::WORKFLOW,
            Self::StatusCheck(_) => kinds::STATUS_CHECK,
        }
    }

    /// The experiment that it is, or that a Schedule makes; none for Workflows and StatusChecks.
    #[must_use]
    pub fn experiment(&self) -> Option<&Experiment> {
        match self {
            Self::Experiment(experiment) => Some(experiment),
            Self::Schedule(schedule) => schedule.child.experiment(),
            Self::Workflow(_) | Self::StatusCheck(_) => None,
        }
    }

    /// The Workflow that it is, or that a Schedule makes.
    #[must_use]
    pub fn workflow(&self) -> Option<&Workflow> {
        match self {
            Self::Workflow(workflow) => Some(workflow),
            Self::Schedule(schedule) => match &schedule.child {
                Scheduled::Workflow(workflow) => Some(workflow),
                Scheduled::Experiment(_) => None,
            },
            Self::Experiment(_) | Self::StatusCheck(_) => None,
        }
    }

    /// How this stage carries it out, one sentence.
    pub(crate) fn mechanism(&self) -> String {
        match self {
            Self::Experiment(experiment) => experiment.chaos.mechanism(),
            Self::Schedule(schedule) => schedule.child.body().mechanism(),
            Self::Workflow(workflow) => workflow.mechanism(),
            Self::StatusCheck(check) => check.mechanism(),
        }
    }

    /// What this stage would refuse, with paths below `parent`.
    pub(super) fn refusals(&self, parent: &str) -> Vec<Problem> {
        match self {
            Self::Experiment(experiment) => Child::refusals(experiment, parent),
            Self::Schedule(schedule) => schedule.refusals(parent),
            Self::Workflow(workflow) => workflow.refusals(parent),
            Self::StatusCheck(check) => check.refusals(parent),
        }
    }
}

impl Scheduled {
    /// The kind, as in a document.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Experiment(experiment) => experiment.kind.name,
            Self::Workflow(_) => kinds::WORKFLOW,
        }
    }

    /// The same, as a document of its own would describe it.
    #[must_use]
    pub fn body(&self) -> Body {
        match self {
            Self::Experiment(experiment) => Body::Experiment(experiment.clone()),
            Self::Workflow(workflow) => Body::Workflow(workflow.clone()),
        }
    }
}

impl Child for Scheduled {
    const OTHER_KINDS: &'static [(&'static str, &'static str)] =
        &[(kinds::WORKFLOW, kinds::WORKFLOW_KEY)];

    fn parse(
        kind: &str,
        payload: &Value,
        parent: &str,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        if kind == kinds::WORKFLOW {
            let workflow = Workflow::parse(payload, parent, problems)?;
            return Some(Self::Workflow(Arc::new(workflow)));
        }
        Experiment::parse(kinds::find(kind)?, payload, parent, problems).map(Self::Experiment)
    }

    fn payload_key(&self) -> &'static str {
        match self {
            Self::Experiment(experiment) => experiment.kind.schedule_key,
            Self::Workflow(_) => kinds::WORKFLOW_KEY,
        }
    }

    fn experiment(&self) -> Option<&Experiment> {
        match self {
            Self::Experiment(experiment) => Some(experiment),
            Self::Workflow(_) => None,
        }
    }

    fn refusals(&self, parent: &str) -> Vec<Problem> {
        match self {
            Self::Experiment(experiment) => Child::refusals(experiment, parent),
            Self::Workflow(workflow) => workflow.refusals(parent),
        }
    }
}
