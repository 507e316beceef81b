//! The status of a workflow, as it is shown.

use super::WorkflowState;
use super::node::{Node, NodeEnd};
use crate::snapshot::{Condition, NodePhase, NodeStatus, WorkflowStatus};

impl WorkflowState {
    pub(in crate::engine) fn status(&self) -> WorkflowStatus {
        let condition = |kind: &str, status| Condition {
            kind: kind.to_owned(),
            status,
            reason: Some(String::new()),
        };
        WorkflowStatus {
            conditions: vec![
                condition("Accomplished", self.end.is_some()),
                condition("Scheduled", self.start.is_some()),
            ],
            entry_node: self.nodes.first().map(|node| node.name.clone()),
            start_time: self.start,
            end_time: self.end,
            nodes: self.nodes.iter().map(|node| self.node(node)).collect(),
        }
    }

    fn node(&self, node: &Node) -> NodeStatus {
        let template = node.template();
        let (phase, reason) = match node.outcome {
            None => (NodePhase::Running, ""),
            Some(NodeEnd::Accomplished(reason)) => (NodePhase::Accomplished, reason),
            Some(NodeEnd::DeadlineExceed(reason)) => (NodePhase::DeadlineExceed, reason),
            Some(NodeEnd::Aborted(reason)) => (NodePhase::Aborted, reason),
        };
        let above = std::iter::successors(node.parent, |parent| self.nodes[*parent].parent);
        NodeStatus {
            name: node.name.clone(),
            template: template.name.clone(),
            kind: template.kind().to_owned(),
            depth: above.count(),
            start_time: node.created,
            deadline: node.end,
            resource: node
                .made
                .as_ref()
                .map(|made| format!("{}/{}", made.kind.to_lowercase(), made.name)),
            phase,
            reason: reason.to_owned(),
            mechanism: template.mechanism(),
        }
    }
}
