//! The state of a Workflow: which steps have begun, and how they ended.
//!
//! Upstream every step is an object of its own (a WorkflowNode); here it is a line in the status of
//! its Workflow, and its events are those of the Workflow, with the name of the step in front. What
//! begins and ends next is decided in `advance`.

mod advance;
pub(super) mod interface;
mod node;
mod status;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::key::Key;
use crate::document::{Body, Scheduled};
use crate::workflow::{Step, Workflow};
use node::Node;

/// A Workflow and how far it has come.
#[derive(Debug)]
pub(super) struct WorkflowState {
    /// The latest spec.
    workflow: Arc<Workflow>,
    /// What this stage cannot do about it; then nothing is started.
    refusal: Option<String>,
    refusal_recorded: bool,
    /// The steps that have begun. Parents come before their children.
    nodes: Vec<Node>,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
}

/// What a step embeds: to be made for it.
pub(super) struct Embedded {
    pub(super) body: Body,
    /// The spec as written.
    pub(super) spec: Value,
    /// The name of the step.
    pub(super) node: String,
    /// When the step ends, as far as that is known.
    pub(super) until: Option<Timestamp>,
}

impl WorkflowState {
    pub(super) fn new(workflow: Arc<Workflow>) -> Self {
        Self {
            refusal: refusal(&workflow),
            workflow,
            refusal_recorded: false,
            nodes: Vec::new(),
            start: None,
            end: None,
        }
    }

    /// Takes over a changed spec, as Chaos Mesh does: steps that have begun keep theirs, and so the
    /// list of their children; what these children are is read when they begin. A workflow that has
    /// ended does not start again.
    ///
    /// # Errors
    /// This stage cannot play the new spec, while steps of the old one are under way.
    pub(super) fn replace(&mut self, workflow: Arc<Workflow>) -> Result<(), String> {
        let refusal = refusal(&workflow);
        match refusal {
            Some(refusal) if !self.nodes.is_empty() => return Err(refusal),
            refusal => (self.refusal, self.refusal_recorded) = (refusal, false),
        }
        self.workflow = workflow;
        Ok(())
    }

    /// Has the entry ended?
    pub(super) fn accomplished(&self) -> bool {
        self.end.is_some()
    }

    /// When a step ends by its deadline.
    pub(super) fn wake(&self) -> Option<Timestamp> {
        let running = self.nodes.iter().filter(|node| node.outcome.is_none());
        running.filter_map(|node| node.end).min()
    }

    /// What the step at `index` embeds; none for steps that only wait or lead to others.
    pub(super) fn embedded(&self, index: usize) -> Option<Embedded> {
        let node = &self.nodes[index];
        let (body, spec) = match &node.template().step {
            Step::Chaos { experiment, spec } => (Body::Experiment(experiment.clone()), spec),
            Step::Schedule { schedule, spec } => {
                let schedule = schedule.map(|child| Scheduled::Experiment(child.clone()));
                (Body::Schedule(Arc::new(schedule)), spec)
            }
            Step::StatusCheck { check, spec, .. } => (Body::StatusCheck(check.clone()), spec),
            Step::Serial(_) | Step::Parallel(_) | Step::Suspend | Step::Task => return None,
        };
        Some(Embedded { body, spec: spec.clone(), node: node.name.clone(), until: node.until })
    }

    /// Takes down what was made for the step at `index`.
    pub(super) fn set_made(&mut self, index: usize, made: Key) {
        self.nodes[index].made = Some(made);
    }

    fn children(&self, index: usize) -> Vec<usize> {
        let nodes = self.nodes.iter().enumerate();
        nodes.filter(|(_, node)| node.parent == Some(index)).map(|(child, _)| child).collect()
    }

    /// What a child of that step is now; a template that the latest spec no longer has is as it
    /// was.
    fn child(&self, parent: usize, template: usize) -> (Arc<Workflow>, usize) {
        let before = &self.nodes[parent].workflow;
        let name = &before.templates[template].name;
        let mut latest = self.workflow.templates.iter();
        match latest.position(|template| template.name == *name) {
            Some(found) => (self.workflow.clone(), found),
            None => (before.clone(), template),
        }
    }
}

/// What this stage cannot do about a workflow, in one line.
fn refusal(workflow: &Workflow) -> Option<String> {
    let refusals = workflow.refusals("spec");
    let refusals: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    (!refusals.is_empty()).then(|| refusals.join("; "))
}
