//! How a Workflow is doing, step by step.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::condition::Condition;

/// How a Workflow is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkflowStatus {
    /// Accomplished, Scheduled.
    pub conditions: Vec<Condition>,
    /// The name of its first step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry_node: Option<String>,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Timestamp>,
    /// When its first step ended, and with it all others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<Timestamp>,
    /// The steps that have begun, in that order. In a cluster each is an object of its own, and
    /// this is empty.
    pub nodes: Vec<NodeStatus>,
}

/// How a step of a Workflow is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeStatus {
    /// The template's name and five characters.
    pub name: String,
    /// The name of its template.
    pub template: String,
    /// `Serial`, `StressChaos` ...
    #[serde(rename = "type")]
    pub kind: String,
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
    /// Is it running, or how did it end?
    pub phase: NodePhase,
    /// Why it ended, in one word; empty when it ended by itself.
    pub reason: String,
    /// How this stage carries it out; empty for steps that only wait or lead to others.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub mechanism: String,
}

/// Is a step running, or how did it end?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NodePhase {
    /// It runs.
    Running,
    /// It has done what it was there for.
    Accomplished,
    /// Its deadline, or that of a step around it, has passed.
    DeadlineExceed,
    /// Somebody, or a StatusCheck, has aborted the Workflow.
    Aborted,
}
