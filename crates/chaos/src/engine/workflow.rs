//! The life of a Workflow: which step begins, which ends, what is made and deleted.
//!
//! Upstream every step is an object of its own (a WorkflowNode); here it is a line in the status of
//! its Workflow, and its events are told by the Workflow, with the name of the step in front.

mod orders;
mod status;

use std::sync::Arc;

use jiff::Timestamp;
use rand::Rng;

use super::names;
use super::world::{Key, whole_second};
use crate::workflow::{Step, Template, Workflow};
use orders::{Order, told};

/// See the module's description.
#[derive(Debug)]
pub(super) struct WorkflowState {
    /// The latest spec.
    workflow: Arc<Workflow>,
    /// What this stage cannot do about it; then nothing is started.
    refusal: Option<String>,
    refusal_told: bool,
    nodes: Vec<Node>,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
}

/// A step that has begun. Parents come before their children.
#[derive(Debug)]
struct Node {
    name: String,
    /// The spec as it was when the step began, and the step's place in it.
    workflow: Arc<Workflow>,
    template: usize,
    parent: Option<usize>,
    created: Timestamp,
    /// Its deadline.
    end: Option<Timestamp>,
    /// The first deadline among its own and those of its ancestors.
    until: Option<Timestamp>,
    /// It has asked for what it embeds to be made.
    asked: bool,
    /// What it has made: an experiment, a Schedule or a check.
    made: Option<Key>,
    /// What it has made was deleted again.
    cleared: bool,
    outcome: Option<NodeEnd>,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NodeEnd {
    Accomplished(&'static str),
    DeadlineExceed(&'static str),
    Aborted(&'static str),
}

/// What a step has to know of the world.
pub(super) struct View<'a> {
    pub(super) now: Timestamp,
    pub(super) name: &'a str,
    /// Somebody has set the annotation.
    pub(super) aborted: bool,
    /// How a check that was made is doing; `None` while it is under way.
    pub(super) verdict: &'a dyn Fn(&Key) -> Option<bool>,
}

impl WorkflowState {
    pub(super) fn new(workflow: Arc<Workflow>) -> Self {
        Self {
            refusal: refusal(&workflow),
            workflow,
            refusal_told: false,
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
            refusal => (self.refusal, self.refusal_told) = (refusal, false),
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

    /// Takes the workflow as far as it gets without waiting, and says what is to be done about it.
    fn advance(&mut self, view: &View<'_>, rng: &mut impl Rng) -> Vec<Order> {
        let mut orders = Vec::new();
        if let Some(refusal) = &self.refusal {
            if !std::mem::replace(&mut self.refusal_told, true) {
                orders.push(Order::Refuse(refusal.clone()));
            }
            return orders;
        }
        if self.nodes.is_empty() {
            self.start = Some(whole_second(view.now));
            let workflow = self.workflow.clone();
            let name = self.begin((workflow.clone(), workflow.entry), None, view.now, rng);
            orders.push(told("EntryCreated", format!("entry node created, entry node {name}")));
        }
        loop {
            let before = orders.len();
            let mut index = 0;
            // Steps may begin meanwhile, at the end of the list.
            while index < self.nodes.len() {
                if self.nodes[index].outcome.is_none() {
                    self.step(index, view, rng, &mut orders);
                }
                self.clear(index, &mut orders);
                index += 1;
            }
            if orders.len() == before {
                break;
            }
        }
        if self.end.is_none() && self.nodes[0].outcome.is_some() {
            self.end = Some(whole_second(view.now));
            orders.push(told("WorkflowAccomplished", "workflow accomplished".to_owned()));
        }
        orders
    }

    fn template(&self, index: usize) -> &Template {
        let node = &self.nodes[index];
        &node.workflow.templates[node.template]
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

    fn begin(
        &mut self,
        (workflow, template): (Arc<Workflow>, usize),
        parent: Option<usize>,
        now: Timestamp,
        rng: &mut impl Rng,
    ) -> String {
        let created = whole_second(now);
        let written = &workflow.templates[template];
        let end =
            written.deadline.and_then(|deadline| created.saturating_add(deadline.as_signed()).ok());
        let inherited = parent.and_then(|parent| self.nodes[parent].until);
        let name = names::child(&written.name, rng);
        self.nodes.push(Node {
            name: name.clone(),
            workflow,
            template,
            parent,
            created,
            end,
            until: end.into_iter().chain(inherited).min(),
            asked: false,
            made: None,
            cleared: false,
            outcome: None,
        });
        name
    }

    fn step(&mut self, index: usize, view: &View<'_>, rng: &mut impl Rng, orders: &mut Vec<Order>) {
        if let Some((outcome, message)) = self.ended_from_outside(index, view) {
            self.finish(index, outcome, &message, orders);
            return;
        }
        let workflow = self.nodes[index].workflow.clone();
        match &workflow.templates[self.nodes[index].template].step {
            Step::Serial(children) => {
                let begun = self.children(index);
                let waits = begun.iter().any(|child| self.nodes[*child].outcome.is_none());
                match children.get(begun.len()) {
                    _ if waits => {}
                    Some(next) => self.begin_children(index, &[*next], view.now, rng, orders),
                    None => self.accomplish(index, orders),
                }
            }
            Step::Parallel(children) => {
                let begun = self.children(index);
                if begun.len() < children.len() {
                    self.begin_children(index, children, view.now, rng, orders);
                } else if begun.iter().all(|child| self.nodes[*child].outcome.is_some()) {
                    self.accomplish(index, orders);
                }
            }
            Step::Chaos { .. } | Step::Schedule { .. } => self.make(index, orders),
            Step::StatusCheck { abort, .. } => {
                match self.nodes[index].made.as_ref().map(view.verdict) {
                    None => self.make(index, orders),
                    Some(None) => {}
                    Some(Some(false)) if *abort => {
                        let reason = "StatusCheckNotExceedSuccessThreshold";
                        let message = "abort the workflow because its status check failed";
                        self.finish(index, NodeEnd::Aborted(reason), message, orders);
                        orders.push(Order::Abort);
                    }
                    Some(Some(_)) => {
                        let outcome = NodeEnd::Accomplished("StatusCheckCompleted");
                        self.finish(index, outcome, "node accomplished", orders);
                    }
                }
            }
            // A Suspend ends by its deadline; a Task was refused.
            Step::Suspend | Step::Task => {}
        }
    }

    /// An abort beats the end of the parent, which beats the step's own deadline.
    fn ended_from_outside(&self, index: usize, view: &View<'_>) -> Option<(NodeEnd, String)> {
        if view.aborted {
            return Some((
                NodeEnd::Aborted("WorkflowAborted"),
                format!("abort the node because workflow {} aborted", view.name),
            ));
        }
        let node = &self.nodes[index];
        let parent = node.parent.map(|parent| &self.nodes[parent]);
        match parent.and_then(|parent| Some((parent.outcome?, &parent.name))) {
            Some((NodeEnd::DeadlineExceed(_), name)) => Some((
                NodeEnd::DeadlineExceed("ParentNodeDeadlineExceed"),
                format!("deadline exceed because parent node {name} deadline exceed"),
            )),
            Some((NodeEnd::Aborted(_), name)) => Some((
                NodeEnd::Aborted("ParentNodeAborted"),
                format!("abort the node because parent node {name} aborted"),
            )),
            _ => node.end.filter(|end| *end <= view.now).map(|_| {
                let outcome = NodeEnd::DeadlineExceed("NodeDeadlineExceed");
                (outcome, "deadline exceed".to_owned())
            }),
        }
    }

    fn children(&self, index: usize) -> Vec<usize> {
        let nodes = self.nodes.iter().enumerate();
        nodes.filter(|(_, node)| node.parent == Some(index)).map(|(child, _)| child).collect()
    }

    fn begin_children(
        &mut self,
        index: usize,
        templates: &[usize],
        now: Timestamp,
        rng: &mut impl Rng,
        orders: &mut Vec<Order>,
    ) {
        let names: Vec<String> = templates
            .iter()
            .map(|template| self.begin(self.child(index, *template), Some(index), now, rng))
            .collect();
        orders.push(told("NodesCreated", format!("child nodes created, {}", names.join(","))));
    }

    fn accomplish(&mut self, index: usize, orders: &mut Vec<Order>) {
        self.finish(index, NodeEnd::Accomplished(""), "node accomplished", orders);
    }

    fn finish(&mut self, index: usize, outcome: NodeEnd, message: &str, orders: &mut Vec<Order>) {
        let node = &mut self.nodes[index];
        node.outcome = Some(outcome);
        let reason = match outcome {
            NodeEnd::Accomplished(_) => "NodeAccomplished",
            NodeEnd::DeadlineExceed(reason) | NodeEnd::Aborted(reason) => reason,
        };
        orders.push(told(reason, format!("{}: {message}", node.name)));
    }

    fn make(&mut self, index: usize, orders: &mut Vec<Order>) {
        if !std::mem::replace(&mut self.nodes[index].asked, true) {
            orders.push(Order::Make(index));
        }
    }

    /// Deletes what a step that has ended had made.
    fn clear(&mut self, index: usize, orders: &mut Vec<Order>) {
        let node = &mut self.nodes[index];
        if let (Some(_), Some(made), false) = (node.outcome, &node.made, node.cleared) {
            orders.push(Order::Delete(made.clone()));
            node.cleared = true;
        }
    }
}

/// What this stage cannot do about a workflow, in one line.
fn refusal(workflow: &Workflow) -> Option<String> {
    let refusals = workflow.refusals("spec");
    let refusals: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    (!refusals.is_empty()).then(|| refusals.join("; "))
}
