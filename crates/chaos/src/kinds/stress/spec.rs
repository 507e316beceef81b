//! The `spec` of a StressChaos, as written.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::fields::mode::Mode;
use crate::fields::selector::Selector;

/// Workers of one stressor.
pub(super) const WORKERS: RangeInclusive<i64> = 0..=8_192;
/// Share of the time in percent.
pub(super) const LOAD: RangeInclusive<i64> = 0..=100;
pub(super) const OOM_SCORE_ADJ: RangeInclusive<i64> = -1_000..=1_000;

/// The `spec` of a StressChaos.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StressChaos {
    /// Which pods.
    pub selector: Selector,
    /// How many of them.
    pub mode: Mode,
    /// The parameter of the mode.
    #[serde(default)]
    pub value: String,
    /// How long, from the creation of the object.
    pub duration: Option<String>,
    /// What is taken.
    pub stressors: Option<Stressors>,
    /// Arguments for stress-ng, which Chaos Mesh accepts and then forgets (refused on this stage).
    #[serde(default)]
    pub stressng_stressors: String,
    /// Containers to inject into; none means the first one.
    #[serde(default)]
    pub container_names: Vec<String>,
    /// Another cluster (refused on this stage).
    pub remote_cluster: Option<String>,
}

/// What is taken: at least one of the two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Stressors {
    /// CPU time.
    pub cpu: Option<CpuStressor>,
    /// Memory.
    pub memory: Option<MemoryStressor>,
}

/// Workers that compute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CpuStressor {
    /// How many, at most 8192.
    pub workers: i64,
    /// Share of the time in which each computes, in percent; all of it when omitted.
    pub load: Option<i64>,
    /// Arguments for stress-ng (refused on this stage).
    #[serde(default)]
    pub options: Vec<String>,
}

/// Workers that hold memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MemoryStressor {
    /// How many, at most 8192.
    pub workers: i64,
    /// How much all of them hold together: `256MB`, `1GiB`, or `50%` of the host's memory.
    #[serde(default)]
    pub size: String,
    /// From -1000 to 1000; negative values are refused on this stage.
    pub oom_score_adj: Option<i64>,
    /// `-time 30s` grows to the full size within that time; others are refused on this stage.
    #[serde(default)]
    pub options: Vec<String>,
}

impl StressChaos {
    pub(super) fn cpu(&self) -> Option<&CpuStressor> {
        self.stressors.as_ref()?.cpu.as_ref()
    }

    pub(super) fn memory(&self) -> Option<&MemoryStressor> {
        self.stressors.as_ref()?.memory.as_ref()
    }
}
