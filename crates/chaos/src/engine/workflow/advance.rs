//! Which steps of a Workflow begin, which end, and what is to be made and deleted for them.

use std::sync::Arc;

use rand::rngs::StdRng;

use super::WorkflowState;
use super::interface::{Command, Inputs};
use super::node::{Node, NodeEnd};
use crate::engine::clock::whole_second;
use crate::engine::event_kind::EventKind;
use crate::engine::names;
use crate::workflow::{Step, Workflow};

impl WorkflowState {
    /// Takes the workflow as far as it gets without waiting, and returns what is to be done for it.
    pub(in crate::engine) fn advance(
        &mut self,
        inputs: &Inputs<'_>,
        rng: &mut StdRng,
    ) -> Vec<Command> {
        if let Some(refusal) = &self.refusal {
            let first = !std::mem::replace(&mut self.refusal_recorded, true);
            return first.then(|| Command::Refuse(refusal.clone())).into_iter().collect();
        }
        let mut round = Round { state: self, inputs, rng, commands: Vec::new() };
        round.begin_entry();
        while round.step_all() {}
        round.end();
        round.commands
    }
}

/// One look at one workflow.
struct Round<'a> {
    state: &'a mut WorkflowState,
    inputs: &'a Inputs<'a>,
    rng: &'a mut StdRng,
    commands: Vec<Command>,
}

impl Round<'_> {
    fn begin_entry(&mut self) {
        if !self.state.nodes.is_empty() {
            return;
        }
        self.state.start = Some(whole_second(self.inputs.now));
        let workflow = self.state.workflow.clone();
        let entry = workflow.entry;
        let name = self.begin(workflow, entry, None);
        self.record("EntryCreated", format!("entry node created, entry node {name}"));
    }

    /// Takes every step as far as it gets. Has anything happened?
    fn step_all(&mut self) -> bool {
        let before = self.commands.len();
        let mut index = 0;
        // Steps may begin meanwhile, at the end of the list.
        while index < self.state.nodes.len() {
            if self.state.nodes[index].outcome.is_none() {
                self.step(index);
            }
            self.clear(index);
            index += 1;
        }
        self.commands.len() > before
    }

    /// The workflow ends with its entry.
    fn end(&mut self) {
        if self.state.end.is_none() && self.state.nodes[0].outcome.is_some() {
            self.state.end = Some(whole_second(self.inputs.now));
            self.record("WorkflowAccomplished", "workflow accomplished".to_owned());
        }
    }

    fn step(&mut self, index: usize) {
        if let Some((outcome, message)) = self.ended_from_outside(index) {
            self.finish(index, outcome, &message);
            return;
        }
        let workflow = self.state.nodes[index].workflow.clone();
        match &workflow.templates[self.state.nodes[index].template].step {
            Step::Serial(children) => self.step_serial(index, children),
            Step::Parallel(children) => self.step_parallel(index, children),
            Step::Chaos { .. } | Step::Schedule { .. } => self.create(index),
            Step::StatusCheck { abort, .. } => self.step_status_check(index, *abort),
            // A Suspend ends by its deadline; a Task was refused.
            Step::Suspend | Step::Task => {}
        }
    }

    fn step_serial(&mut self, index: usize, children: &[usize]) {
        let begun = self.state.children(index);
        let waits = begun.iter().any(|child| self.state.nodes[*child].outcome.is_none());
        match children.get(begun.len()) {
            _ if waits => {}
            Some(next) => self.begin_children(index, &[*next]),
            None => self.accomplish(index),
        }
    }

    fn step_parallel(&mut self, index: usize, children: &[usize]) {
        let begun = self.state.children(index);
        if begun.len() < children.len() {
            self.begin_children(index, children);
        } else if begun.iter().all(|child| self.state.nodes[*child].outcome.is_some()) {
            self.accomplish(index);
        }
    }

    fn step_status_check(&mut self, index: usize, abort: bool) {
        let made = self.state.nodes[index].made.as_ref();
        match made.map(self.inputs.check_succeeded) {
            None => self.create(index),
            Some(None) => {}
            Some(Some(false)) if abort => {
                let outcome = NodeEnd::Aborted("StatusCheckNotExceedSuccessThreshold");
                self.finish(index, outcome, "abort the workflow because its status check failed");
                self.commands.push(Command::Abort);
            }
            Some(Some(_)) => {
                let outcome = NodeEnd::Accomplished("StatusCheckCompleted");
                self.finish(index, outcome, "node accomplished");
            }
        }
    }

    /// An abort beats the end of the parent, which beats the step's own deadline.
    fn ended_from_outside(&self, index: usize) -> Option<(NodeEnd, String)> {
        let Inputs { now, name, aborted, .. } = self.inputs;
        if *aborted {
            return Some((
                NodeEnd::Aborted("WorkflowAborted"),
                format!("abort the node because workflow {name} aborted"),
            ));
        }
        let node = &self.state.nodes[index];
        let parent = node.parent.map(|parent| &self.state.nodes[parent]);
        match parent.and_then(|parent| Some((parent.outcome?, &parent.name))) {
            Some((NodeEnd::DeadlineExceed(_), name)) => Some((
                NodeEnd::DeadlineExceed("ParentNodeDeadlineExceed"),
                format!("deadline exceed because parent node {name} deadline exceed"),
            )),
            Some((NodeEnd::Aborted(_), name)) => Some((
                NodeEnd::Aborted("ParentNodeAborted"),
                format!("abort the node because parent node {name} aborted"),
            )),
            _ => node.end.filter(|end| end <= now).map(|_| {
                let outcome = NodeEnd::DeadlineExceed("NodeDeadlineExceed");
                (outcome, "deadline exceed".to_owned())
            }),
        }
    }

    fn begin(&mut self, workflow: Arc<Workflow>, template: usize, parent: Option<usize>) -> String {
        let created = whole_second(self.inputs.now);
        let written = &workflow.templates[template];
        let end =
            written.deadline.and_then(|deadline| created.saturating_add(deadline.as_signed()).ok());
        let inherited = parent.and_then(|parent| self.state.nodes[parent].until);
        let name = names::child(&written.name, self.rng);
        self.state.nodes.push(Node {
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

    fn begin_children(&mut self, index: usize, templates: &[usize]) {
        let mut names = Vec::new();
        for template in templates {
            let (workflow, template) = self.state.child(index, *template);
            names.push(self.begin(workflow, template, Some(index)));
        }
        self.record("NodesCreated", format!("child nodes created, {}", names.join(",")));
    }

    fn accomplish(&mut self, index: usize) {
        self.finish(index, NodeEnd::Accomplished(""), "node accomplished");
    }

    fn finish(&mut self, index: usize, outcome: NodeEnd, message: &str) {
        let node = &mut self.state.nodes[index];
        node.outcome = Some(outcome);
        let reason = match outcome {
            NodeEnd::Accomplished(_) => "NodeAccomplished",
            NodeEnd::DeadlineExceed(reason) | NodeEnd::Aborted(reason) => reason,
        };
        let message = format!("{}: {message}", node.name);
        self.record(reason, message);
    }

    fn create(&mut self, index: usize) {
        if !std::mem::replace(&mut self.state.nodes[index].asked, true) {
            self.commands.push(Command::Create(index));
        }
    }

    /// Deletes what a step that has ended had made.
    fn clear(&mut self, index: usize) {
        let node = &mut self.state.nodes[index];
        if let (Some(_), Some(made), false) = (node.outcome, &node.made, node.cleared) {
            self.commands.push(Command::Delete(made.clone()));
            node.cleared = true;
        }
    }

    fn record(&mut self, reason: &'static str, message: String) {
        self.commands.push(Command::Record(EventKind::Workflow { reason, message }));
    }
}
