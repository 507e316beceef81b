//! From the document to the fault; what this stage cannot do is refused by its field.

use std::ops::RangeInclusive;

use super::size;
use super::spec::{CpuStressor, LOAD, MemoryStressor, OOM_SCORE_ADJ, StressChaos, WORKERS};
use crate::fault::{CpuStress, MemoryStress, StressFault};
use crate::fields::duration::GoDuration;
use crate::fields::problem::Problem;

pub(super) fn build(spec: &StressChaos) -> Result<StressFault, Problem> {
    if !spec.stressng_stressors.is_empty() {
        return Err(Problem::new(
            "stressngStressors",
            "Chaos Mesh never hands it on, and this stage has no stress-ng; use `stressors`",
        ));
    }
    Ok(StressFault {
        cpu: spec.cpu().map(cpu_fault).transpose()?,
        memory: spec.memory().map(memory_fault).transpose()?,
    })
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
