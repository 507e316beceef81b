//! Without cgroups, a pod and what stresses it compete only if they run on the same cores: this confines them.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The cores that the stage may use, and so its pods.
pub(crate) fn all() -> Vec<usize> {
    let set = sched_getaffinity(None).unwrap_or_default();
    (0..CpuSet::MAX_CPU)
        .filter(|core| set.is_set(*core))
        .collect()
}

/// As many of `all` as `limit` (in thousandths of a core, rounded up to whole cores), but one less than all if that leaves
/// one: other pods and Prometheus need a core too. Which ones depends on the pod, so that pods spread.
pub(crate) fn of_pod(all: &[usize], ip: Ipv4Addr, limit: u64) -> Vec<usize> {
    let wanted = usize::try_from(limit.div_ceil(1000)).unwrap_or(usize::MAX);
    let count = wanted.clamp(1, all.len().saturating_sub(1).max(1));
    let first = u32::from(ip) as usize;
    let chosen = (0..count).filter_map(|n| all.get((first + n) % all.len().max(1)));
    chosen.copied().collect()
}

/// Confines processes, and remembers where each of their threads could run before.
#[derive(Debug, Default)]
pub(crate) struct Confined {
    before: BTreeMap<i32, CpuSet>,
}

impl Confined {
    /// Confines every thread of a process. Threads that it starts later inherit that from the one that starts them.
    pub(crate) fn add(&mut self, pid: i32, cores: &[usize]) {
        if self.before.contains_key(&pid) {
            return;
        }
        let mut set = CpuSet::new();
        cores.iter().for_each(|core| set.set(*core));
        // A thread that was started meanwhile by one that was still free shows at the next look.
        loop {
            let new: Vec<i32> = threads(pid)
                .into_iter()
                .filter(|t| !self.before.contains_key(t))
                .collect();
            if new.is_empty() {
                return;
            }
            for thread in new {
                self.before.insert(
                    thread,
                    sched_getaffinity(Pid::from_raw(thread)).unwrap_or(set),
                );
                let _ = sched_setaffinity(Pid::from_raw(thread), &set);
            }
        }
    }

    /// Lets a process run where it could before. It must not have been reaped yet.
    pub(crate) fn release(&mut self, pid: i32) {
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
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten();
    tasks
        .filter_map(|task| task.file_name().to_str()?.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_gets_whole_cores_and_leaves_one_when_there_is_one() {
        let ip = |last| Ipv4Addr::new(127, 1, 0, last);
        let start = u32::from(ip(0)) as usize % 4;
        assert_eq!(start, 0);
        assert_eq!(of_pod(&[0, 1, 2, 3], ip(0), 1), [0]);
        assert_eq!(of_pod(&[0, 1, 2, 3], ip(1), 1_000), [1]);
        assert_eq!(of_pod(&[0, 1, 2, 3], ip(3), 1_001), [3, 0]);
        assert_eq!(of_pod(&[0, 1, 2, 3], ip(0), 64_000), [0, 1, 2]);
        assert_eq!(of_pod(&[5, 7], ip(1), 2_000), [7]);
        assert_eq!(of_pod(&[5], ip(1), 2_000), [5]);
    }
}
