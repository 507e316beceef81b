//! What takes a pod's CPU time and memory away under stress: small processes beside it, so that the
//! pod's own metrics do not count them.
//!
//! The stage starts each as a child through [`crate::shim`], which ties it to the stage. It ends by
//! itself when its time is over, whatever has become of the stage. The embedding binary hands the
//! arguments after its hidden subcommand `stress-worker` to [`exec`].

use std::ffi::OsString;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// How often work and rest alternate, as with `stress-ng --cpu-load-slice 10`.
const SLICE: Duration = Duration::from_millis(10);
/// Square roots between two looks at the clock: some microseconds.
const ROOTS: u32 = 1_000;
/// Steps in which memory grows.
const STEPS: u32 = 100;
/// How far apart the bytes are that make a page resident; no page is smaller.
const PAGE: usize = 4096;

/// Called by hand or by another version.
#[derive(Debug, thiserror::Error)]
#[error(
    "argument {0:?} is not one of the stage's; this subcommand is for the stage only, apply a StressChaos instead"
)]
pub struct StressError(OsString);

/// One worker's task.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Work {
    /// Computes for this share of the time, in percent, in so many threads. The kernel shares a
    /// core among threads, whosever they are, and a thread takes a hundredth of a process' memory.
    Cpu { load: u8, threads: usize },
    /// Holds bytes, the last of them after this many seconds.
    Memory { bytes: u64, grow: f64 },
}

/// Works until the time is over.
///
/// # Errors
/// [`StressError`]; the caller prints it and exits with 127.
pub fn exec(args: impl IntoIterator<Item = OsString>) -> Result<(), StressError> {
    let (work, lasts) = parse(args)?;
    let end = Instant::now() + lasts;
    match work {
        Work::Cpu { load, threads } => std::thread::scope(|scope| {
            (1..threads).for_each(|_| drop(scope.spawn(move || compute(load, end))));
            compute(load, end);
        }),
        Work::Memory { bytes, grow } => hold(bytes, grow, end),
    }
    Ok(())
}

/// The arguments that [`exec`] reads.
pub(crate) fn args(work: Work, lasts: Duration) -> Vec<OsString> {
    let (kind, amount, how) = match work {
        Work::Cpu { load, threads } => ("cpu", u64::from(load), threads.to_string()),
        Work::Memory { bytes, grow } => ("memory", bytes, grow.to_string()),
    };
    let all = [kind.to_owned(), amount.to_string(), how, lasts.as_millis().to_string()];
    all.map(OsString::from).into()
}

fn parse(args: impl IntoIterator<Item = OsString>) -> Result<(Work, Duration), StressError> {
    let args: Vec<OsString> = args.into_iter().collect();
    let words: Vec<&str> = args.iter().filter_map(|arg| arg.to_str()).collect();
    let wrong = || StressError(args.join(" ".as_ref()));
    let [kind, amount, how, millis] = words[..] else {
        return Err(wrong());
    };
    let lasts = Duration::from_millis(millis.parse().map_err(|_| wrong())?);
    let work = match kind {
        "cpu" => Work::Cpu {
            load: amount.parse().map_err(|_| wrong())?,
            threads: how.parse().map_err(|_| wrong())?,
        },
        "memory" => Work::Memory {
            bytes: amount.parse().map_err(|_| wrong())?,
            grow: how.parse().map_err(|_| wrong())?,
        },
        _ => return Err(wrong()),
    };
    Ok((work, lasts))
}

fn compute(load: u8, end: Instant) {
    let busy = SLICE * u32::from(load.min(100)) / 100;
    let mut slice = Instant::now();
    while slice < end {
        while slice.elapsed() < busy {
            for n in 0..ROOTS {
                black_box(f64::from(black_box(n)).sqrt());
            }
        }
        rest_until((slice + SLICE).min(end));
        // Slices that were missed because others had the core are not made up for.
        slice = Instant::now();
    }
}

fn hold(bytes: u64, grow: f64, end: Instant) {
    let start = Instant::now();
    // Zeroed memory costs nothing until it is written to.
    let mut memory = vec![0u8; usize::try_from(bytes).unwrap_or(0)];
    let step = memory.len().div_ceil(STEPS as usize).next_multiple_of(PAGE);
    let pause = Duration::try_from_secs_f64(grow / f64::from(STEPS)).unwrap_or_default();
    for (number, part) in (0..).zip(memory.chunks_mut(step)) {
        rest_until((start + pause * number).min(end));
        part.iter_mut().step_by(PAGE).for_each(|byte| *byte = 1);
    }
    black_box(&mut memory);
    rest_until(end);
}

fn rest_until(moment: Instant) {
    while let Some(left) = moment.checked_duration_since(Instant::now()).filter(|d| !d.is_zero()) {
        std::thread::park_timeout(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_reads_the_arguments_that_the_stage_writes() {
        for work in
            [Work::Cpu { load: 80, threads: 24 }, Work::Memory { bytes: 25_000_000, grow: 1.5 }]
        {
            let lasts = Duration::from_millis(1234);
            assert_eq!(parse(args(work, lasts)).unwrap(), (work, lasts));
        }
        assert!(parse(["cpu", "x", "0", "1"].map(OsString::from)).is_err());
        let error = exec(["sleep", "1"].map(OsString::from)).unwrap_err();
        assert!(error.to_string().contains("StressChaos"), "{error}");
    }

    #[test]
    fn a_worker_ends_when_its_time_is_over() {
        for work in [
            Work::Cpu { load: 100, threads: 3 },
            Work::Cpu { load: 0, threads: 1 },
            Work::Memory { bytes: 1_000_000, grow: 3600.0 },
        ] {
            exec(args(work, Duration::from_millis(30))).unwrap();
        }
    }
}
