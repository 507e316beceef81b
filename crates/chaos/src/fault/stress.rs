//! StressChaos: processes beside the pod take its CPU time and memory.

use serde::{Deserialize, Serialize};

/// Processes beside the pod that take its CPU time and memory (StressChaos).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StressFault {
    /// CPU time.
    pub cpu: Option<CpuStress>,
    /// Memory.
    pub memory: Option<MemoryStress>,
}

/// Workers that compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpuStress {
    /// How many.
    pub workers: u32,
    /// Share of the time in which each computes, in percent.
    pub load_percent: u8,
}

/// Workers that hold memory.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemoryStress {
    /// How many.
    pub workers: u32,
    /// How much all of them hold together.
    pub size: MemorySize,
    /// Seconds until they hold it; 0 takes it at once.
    pub grow_seconds: f64,
    /// Their `oom_score_adj`; none leaves it to the stage.
    pub oom_score_adj: Option<i32>,
}

/// An amount of memory.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemorySize {
    /// In bytes.
    Bytes(u64),
    /// Of what the host has, in percent: not of the container's limit.
    PercentOfHost(f64),
}
