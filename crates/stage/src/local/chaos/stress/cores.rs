//! Without cgroups, a pod and what stresses it compete only if they run on the same cores: this
//! confines them.

use std::collections::BTreeMap;

use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The cores that the stage may use, and so its pods.
pub(super) fn available() -> Vec<usize> {
    let set = sched_getaffinity(None).unwrap_or_default();
    (0..CpuSet::MAX_CPU).filter(|core| set.is_set(*core)).collect()
}

/// As many of `all` as `limit` (in thousandths of a core, rounded up to whole cores), but one less
/// than all if that leaves one: other pods and Prometheus need a core too. The first ones of those
/// that the fewest pods are confined to, which `taken` counts.
pub(super) fn of_pod(all: &[usize], limit: u64, taken: impl Fn(usize) -> usize) -> Vec<usize> {
    let wanted = usize::try_from(limit.div_ceil(1000)).unwrap_or(usize::MAX);
    let count = wanted.clamp(1, all.len().saturating_sub(1).max(1));
    let mut cores = all.to_vec();
    cores.sort_by_key(|core| taken(*core)); // stable
    cores.truncate(count);
    cores
}

/// Confines processes, and remembers where each of their threads could run before.
#[derive(Debug, Default)]
pub(super) struct CpuAffinity {
    cores: Vec<usize>,
    before: BTreeMap<i32, CpuSet>,
}

impl CpuAffinity {
    /// To these cores.
    pub(super) fn to(cores: Vec<usize>) -> Self {
        Self { cores, ..Self::default() }
    }

    /// The cores; none when nothing is confined.
    pub(super) fn cores(&self) -> &[usize] {
        &self.cores
    }

    /// Confines every thread of a process. Threads that it starts later inherit that from the one
    /// that starts them.
    pub(super) fn add(&mut self, pid: i32) {
        if self.before.contains_key(&pid) {
            return;
        }
        let mut set = CpuSet::new();
        self.cores.iter().for_each(|core| set.set(*core));
        // A thread that was started meanwhile by one that was still free shows at the next look.
        loop {
            let new: Vec<i32> =
                threads(pid).into_iter().filter(|t| !self.before.contains_key(t)).collect();
            if new.is_empty() {
                return;
            }
            for thread in new {
                self.before.insert(thread, sched_getaffinity(Pid::from_raw(thread)).unwrap_or(set));
                let _ = sched_setaffinity(Pid::from_raw(thread), &set);
            }
        }
    }

    /// Lets a process run where it could before. It must not have been reaped yet.
    pub(super) fn release(&mut self, pid: i32) {
        let Some(main) = self.before.get(&pid).copied() else {
            return;
        };
        for thread in threads(pid) {
            let set = self.before.remove(&thread).unwrap_or(main);
            let _ = sched_setaffinity(Pid::from_raw(thread), &set);
        }
    }
}

fn threads(pid: i32) -> Vec<i32> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    tasks.filter_map(|task| task.file_name().to_str()?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_gets_whole_cores_and_leaves_one_when_there_is_one() {
        let free = |_| 0;
        assert_eq!(of_pod(&[0, 1, 2, 3], 1, free), [0]);
        assert_eq!(of_pod(&[0, 1, 2, 3], 1_000, free), [0]);
        assert_eq!(of_pod(&[0, 1, 2, 3], 1_001, free), [0, 1]);
        assert_eq!(of_pod(&[0, 1, 2, 3], 64_000, free), [0, 1, 2]);
        assert_eq!(of_pod(&[5, 7], 2_000, free), [5]);
        assert_eq!(of_pod(&[5], 2_000, free), [5]);
    }

    #[test]
    fn pods_spread_over_the_cores() {
        let taken = |core| usize::from(core == 0);
        assert_eq!(of_pod(&[0, 1], 1_000, taken), [1]);
        assert_eq!(of_pod(&[0, 1, 2, 3], 2_000, taken), [1, 2]);
        assert_eq!(of_pod(&[0, 1, 2], 2_000, |core| core), [0, 1]);
    }
}
