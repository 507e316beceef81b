//! How an experiment is doing: its conditions, and one record for each target.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::condition::Condition;

/// How an experiment is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChaosStatus {
    /// Selected, AllInjected, AllRecovered, Paused.
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// Phase and records.
    #[serde(default)]
    pub experiment: ExperimentStatus,
}

/// Phase and records of an experiment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExperimentStatus {
    /// What the engine works towards; `None` before its first look.
    pub desired_phase: Option<DesiredPhase>,
    /// One per pod or container.
    #[serde(default)]
    pub container_records: Vec<Record>,
}

/// What the engine works towards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DesiredPhase {
    /// The fault is in place.
    Run,
    /// The fault is gone.
    Stop,
}

/// One target of an experiment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// `namespace/pod` or `namespace/pod/container`.
    pub id: String,
    /// Which selector chose it: `.`, or `.Target` for the other end of a NetworkChaos.
    pub selector_key: String,
    /// Is the fault in place?
    pub phase: Phase,
    /// How often it was injected.
    pub injected_count: u32,
    /// How often it was recovered.
    pub recovered_count: u32,
    /// The latest attempts, oldest first, at most 100.
    #[serde(default)]
    pub events: Vec<RecordEvent>,
}

/// Is the fault in place? What waits counts as unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// No.
    #[serde(rename = "Not Injected")]
    NotInjected,
    /// Not yet: Chaos Mesh waits for its daemon on the pod's node. Only in a cluster.
    #[serde(rename = "Not Injected/Wait")]
    NotInjectedWait,
    /// Yes.
    Injected,
    /// Still: Chaos Mesh waits for its daemon on the pod's node. Only in a cluster.
    #[serde(rename = "Injected/Wait")]
    InjectedWait,
}

impl fmt::Display for Phase {
    /// As Chaos Mesh writes it.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::NotInjected => "Not Injected",
            Self::NotInjectedWait => "Not Injected/Wait",
            Self::Injected => "Injected",
            Self::InjectedWait => "Injected/Wait",
        })
    }
}

/// One attempt on a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordEvent {
    /// What was tried.
    pub operation: Operation,
    /// How it ended.
    #[serde(rename = "type")]
    pub kind: RecordEventType,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// When it ended.
    pub timestamp: Timestamp,
}

/// What is done to a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    /// Inject the fault.
    Apply,
    /// Take it off.
    Recover,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordEventType {
    /// It was done.
    Succeeded,
    /// It was not.
    Failed,
}
