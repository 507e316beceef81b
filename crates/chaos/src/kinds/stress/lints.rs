//! What a StressChaos may say but hardly ever means.

use super::size;
use super::spec::{MemoryStressor, StressChaos};
use crate::fault::MemorySize;
use crate::fields::problem::Problem;

pub(super) fn add(spec: &StressChaos, lints: &mut Vec<Problem>) {
    let workers = [
        ("cpu", spec.cpu().map(|cpu| cpu.workers)),
        ("memory", spec.memory().map(|memory| memory.workers)),
    ];
    for (stressor, _) in workers.iter().filter(|(_, workers)| *workers == Some(0)) {
        lints.push(Problem::new(
            format!("stressors.{stressor}.workers"),
            "0 workers take nothing, and yet the experiment reports Injected; write at least 1",
        ));
    }
    if spec.cpu().is_some_and(|cpu| cpu.load == Some(0)) {
        lints.push(Problem::new(
            "stressors.cpu.load",
            "a load of 0 takes nothing; write up to 100, or remove it for all of the time",
        ));
    }
    if let Some(memory) = spec.memory() {
        size_lints(memory, lints);
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
