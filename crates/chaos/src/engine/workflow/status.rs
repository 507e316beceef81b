//! What a workflow shows of itself.

use jiff::Timestamp;
use serde::Serialize;

use super::super::status::ReasonedCondition;
use super::{NodeEnd, WorkflowState};

/// How a Workflow is doing.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkflowStatus {
    /// Accomplished, Scheduled.
    pub conditions: Vec<ReasonedCondition>,
    /// The name of its first step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry_node: Option<String>,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Timestamp>,
    /// When its first step ended, and with it all others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<Timestamp>,
    /// The steps that have begun, in that order. Upstream each is an object of its own.
    pub nodes: Vec<NodeStatus>,
}

/// How a step of a Workflow is doing.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeStatus {
    /// The template's name and five characters.
    pub name: String,
    /// The name of its template.
    pub template: String,
    /// `Serial`, `StressChaos` ...
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// How many steps are around it.
    pub depth: usize,
    /// When it began.
    pub start_time: Timestamp,
    /// When it ends, unless something else ends it before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// `kind/name` of what it has made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// `Running`, `Accomplished`, `DeadlineExceed` or `Aborted`.
    pub phase: &'static str,
    /// Why it ended, in one word; empty when it ended by itself.
    pub reason: &'static str,
    /// How this stage carries it out; empty for steps that only wait or lead to others.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub mechanism: String,
}

impl WorkflowState {
    pub(in super::super) fn status(&self) -> WorkflowStatus {
        let condition = |kind, status| ReasonedCondition { kind, status, reason: "" };
        WorkflowStatus {
            conditions: vec![
                condition("Accomplished", self.end.is_some()),
                condition("Scheduled", self.start.is_some()),
            ],
            entry_node: self.nodes.first().map(|node| node.name.clone()),
            start_time: self.start,
            end_time: self.end,
            nodes: (0..self.nodes.len()).map(|index| self.node(index)).collect(),
        }
    }

    fn node(&self, index: usize) -> NodeStatus {
        let (node, template) = (&self.nodes[index], self.template(index));
        let (phase, reason) = match node.outcome {
            None => ("Running", ""),
            Some(NodeEnd::Accomplished(reason)) => ("Accomplished", reason),
            Some(NodeEnd::DeadlineExceed(reason)) => ("DeadlineExceed", reason),
            Some(NodeEnd::Aborted(reason)) => ("Aborted", reason),
        };
        let above = std::iter::successors(node.parent, |parent| self.nodes[*parent].parent);
        NodeStatus {
            name: node.name.clone(),
            template: template.name.clone(),
            kind: template.kind(),
            depth: above.count(),
            start_time: node.created,
            deadline: node.end,
            resource: node
                .made
                .as_ref()
                .map(|made| format!("{}/{}", made.kind.to_lowercase(), made.name)),
            phase,
            reason,
            mechanism: template.mechanism(),
        }
    }
}
