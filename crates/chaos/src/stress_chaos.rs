//! StressChaos: processes beside a container take its CPU time or its memory.
//!
//! The document has more traps than most: `size` is the total of all workers, a percentage is of
//! the *host's* memory, and `workers: 0` reports success without doing anything. They are lints
//! here.

mod size;

use std::ops::RangeInclusive;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::duration::GoDuration;
use crate::fault::{CpuStress, MemorySize, MemoryStress, StressFault};
use crate::injector::Fault;
use crate::kind::{Chaos, Column, Common, Kind, Scope, read};
use crate::mode::Mode;
use crate::problem::Problem;
use crate::selector::Selector;

pub(crate) static KIND: Kind = Kind {
    name: "StressChaos",
    schedule_key: "stressChaos",
    columns: &[Column { title: "DURATION", field: "duration" }],
    parse: |value, parent| Ok(Arc::new(read::<StressChaos>(value, parent)?)),
};

/// Workers of one stressor.
const WORKERS: RangeInclusive<i64> = 0..=8_192;
/// Share of the time in percent.
const LOAD: RangeInclusive<i64> = 0..=100;
const OOM_SCORE_ADJ: RangeInclusive<i64> = -1_000..=1_000;

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

impl Chaos for StressChaos {
    fn common(&self) -> Common<'_> {
        Common {
            selector: &self.selector,
            mode: self.mode,
            value: &self.value,
            duration: self.duration.as_deref(),
            remote_cluster: self.remote_cluster.as_deref(),
            scope: Scope::Containers(&self.container_names),
        }
    }

    fn check(&self, problems: &mut Vec<Problem>) {
        match &self.stressors {
            None if self.stressng_stressors.is_empty() => problems
                .push(Problem::new("stressors", "missing; say what is taken, `cpu` or `memory`")),
            Some(Stressors { cpu: None, memory: None }) => problems
                .push(Problem::new("stressors", "empty; say what is taken, `cpu` or `memory`")),
            _ => {}
        }
        if let Some(cpu) = self.cpu() {
            let (workers, load) = (cpu.workers, cpu.load.unwrap_or(100));
            problems.extend(Problem::of_range("stressors.cpu.workers", workers, &WORKERS));
            problems.extend(Problem::of_range("stressors.cpu.load", load, &LOAD));
        }
        if let Some(memory) = self.memory() {
            let (workers, score) = (memory.workers, memory.oom_score_adj.unwrap_or(0));
            problems.extend(Problem::of_range("stressors.memory.workers", workers, &WORKERS));
            if let Err(error) = size::parse(&memory.size) {
                problems.push(Problem::new("stressors.memory.size", error));
            }
            let field = "stressors.memory.oomScoreAdj";
            problems.extend(Problem::of_range(field, score, &OOM_SCORE_ADJ));
        }
    }

    fn lints(&self, lints: &mut Vec<Problem>) {
        let workers = [
            ("cpu", self.cpu().map(|cpu| cpu.workers)),
            ("memory", self.memory().map(|memory| memory.workers)),
        ];
        for (stressor, _) in workers.iter().filter(|(_, workers)| *workers == Some(0)) {
            lints.push(Problem::new(
                format!("stressors.{stressor}.workers"),
                "0 workers take nothing, and yet the experiment reports Injected; write at least 1",
            ));
        }
        if self.cpu().is_some_and(|cpu| cpu.load == Some(0)) {
            lints.push(Problem::new(
                "stressors.cpu.load",
                "a load of 0 takes nothing; write up to 100, or remove it for all of the time",
            ));
        }
        if let Some(memory) = self.memory() {
            size_lints(memory, lints);
        }
    }

    fn fault(&self) -> Result<Fault, Problem> {
        if !self.stressng_stressors.is_empty() {
            return Err(Problem::new(
                "stressngStressors",
                "Chaos Mesh never hands it on, and this stage has no stress-ng; use `stressors`",
            ));
        }
        Ok(Fault::Stress(StressFault {
            cpu: self.cpu().map(cpu_fault).transpose()?,
            memory: self.memory().map(memory_fault).transpose()?,
        }))
    }

    fn mechanism(&self) -> String {
        let mut parts = Vec::new();
        if let Some(cpu) = self.cpu() {
            let (workers, load) = (cpu.workers, cpu.load.unwrap_or(100));
            parts.push(format!(
                "{workers} processes beside the pod compute for {load} % of the time each; a pod with limits.cpu is confined with them to as many whole cores, which stands in for its cgroup; without limits.cpu they spread over all cores of the machine, at most one for each"
            ));
        }
        if let Some(memory) = self.memory() {
            parts.push(format!(
                "{} processes hold {} together, at most what the stage's budget allows, and count towards the pod's memory limit",
                memory.workers,
                if memory.size.is_empty() { "nothing" } else { &memory.size }
            ));
        }
        parts.push("the app's own process metrics do not show them".to_owned());
        parts.join("; ")
    }
}

impl StressChaos {
    fn cpu(&self) -> Option<&CpuStressor> {
        self.stressors.as_ref()?.cpu.as_ref()
    }

    fn memory(&self) -> Option<&MemoryStressor> {
        self.stressors.as_ref()?.memory.as_ref()
    }
}

fn size_lints(memory: &MemoryStressor, lints: &mut Vec<Problem>) {
    let field = "stressors.memory.size";
    match size::parse(&memory.size) {
        Ok(MemorySize::Bytes(0)) if memory.size.is_empty() => lints.push(Problem::new(
            field,
            "omitted counts as 0: nothing is held; write for example 256MB",
        )),
        Ok(MemorySize::PercentOfHost(_)) => lints.push(Problem::new(
            field,
            "a percentage is of the host's memory, not of the container's limit; write bytes such as 256MB",
        )),
        _ => {}
    }
    if memory.workers > 1 {
        lints.push(Problem::new(
            field,
            format!("is the total: each of the {} workers holds its share of it", memory.workers),
        ));
    }
}

fn cpu_fault(cpu: &CpuStressor) -> Result<CpuStress, Problem> {
    if !cpu.options.is_empty() {
        return Err(Problem::new(
            "stressors.cpu.options",
            "are for stress-ng, which this stage does not use; remove them",
        ));
    }
    Ok(CpuStress {
        workers: narrow("stressors.cpu.workers", cpu.workers, &WORKERS)?,
        load_percent: narrow("stressors.cpu.load", cpu.load.unwrap_or(100), &LOAD)?,
    })
}

fn memory_fault(memory: &MemoryStressor) -> Result<MemoryStress, Problem> {
    if memory.oom_score_adj.is_some_and(|score| score < 0) {
        return Err(Problem::new(
            "stressors.memory.oomScoreAdj",
            "a negative score needs privileges, which this stage does without; write 0 or more",
        ));
    }
    Ok(MemoryStress {
        workers: narrow("stressors.memory.workers", memory.workers, &WORKERS)?,
        size: size::parse(&memory.size)
            .map_err(|error| Problem::new("stressors.memory.size", error))?,
        grow_seconds: grow_seconds(&memory.options)?,
        oom_score_adj: memory
            .oom_score_adj
            .map(|score| narrow("stressors.memory.oomScoreAdj", score, &OOM_SCORE_ADJ))
            .transpose()?,
    })
}

/// A number in `range` as the data plane has it.
fn narrow<T: TryFrom<i64>>(
    field: &str,
    number: i64,
    range: &RangeInclusive<i64>,
) -> Result<T, Problem> {
    match Problem::of_range(field, number, range) {
        Some(problem) => Err(problem),
        None => T::try_from(number).map_err(|_| Problem::new(field, "does not fit; write less")),
    }
}

/// Reads the one option that this stage knows: `-time 30s`, in one entry or in two.
fn grow_seconds(options: &[String]) -> Result<f64, Problem> {
    let refuse = |option: &str| {
        Problem::new(
            "stressors.memory.options",
            format!("this stage cannot do `{option}`; of the options it knows only `-time 30s`"),
        )
    };
    let words: Vec<&str> = options
        .iter()
        .flat_map(|option| option.split_whitespace())
        .flat_map(|word| word.split('='))
        .collect();
    let mut seconds = 0.0;
    for pair in words.chunks(2) {
        let (name, value) = (pair[0], pair.get(1).copied().unwrap_or(""));
        let time = value.parse::<GoDuration>().ok().filter(|time| time.as_nanos() >= 0);
        match time {
            Some(time) if ["-time", "--time"].contains(&name) => {
                seconds = time.as_signed().as_secs_f64();
            }
            _ => return Err(refuse(&pair.join(" "))),
        }
    }
    Ok(seconds)
}

#[cfg(test)]
mod tests;
