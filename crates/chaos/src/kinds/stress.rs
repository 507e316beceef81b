//! StressChaos: processes beside a container take its CPU time or its memory.
//!
//! The document has more traps than most: `size` is the total of all workers, a percentage is of
//! the *host's* memory, and `workers: 0` reports success without doing anything. Each has a lint.

mod fault;
mod lints;
mod size;
mod spec;

use std::sync::Arc;

use crate::fault::Fault;
use crate::fields::problem::Problem;
use crate::fields::read::read;
use crate::kind::{Chaos, Column, Common, Kind, Scope};
use spec::{LOAD, OOM_SCORE_ADJ, WORKERS};

pub use spec::{CpuStressor, MemoryStressor, StressChaos, Stressors};

pub(crate) static KIND: Kind = Kind {
    name: "StressChaos",
    schedule_key: "stressChaos",
    columns: &[Column { title: "DURATION", field: "duration" }],
    parse: |value, parent, problems| Some(Arc::new(read::<StressChaos>(value, parent, problems)?)),
};

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
            None if self.stressng_stressors.is_empty() => problems.push(Problem::new(
                "stressors",
                "missing; write `cpu` or `memory`, which is to be taken",
            )),
            Some(Stressors { cpu: None, memory: None }) => problems.push(Problem::new(
                "stressors",
                "empty; write `cpu` or `memory`, which is to be taken",
            )),
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
        lints::add(self, lints);
    }

    fn fault(&self) -> Result<Fault, Problem> {
        fault::build(self).map(Fault::Stress)
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

#[cfg(test)]
mod tests;
