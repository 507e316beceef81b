//! All stress on one pod, by experiment and container, and the workers behind it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::cores::CpuAffinity;
use super::plan::{Plan, badness};
use crate::local::pods::POD_OOM_SCORE;
use crate::local::process::Process;
use crate::stress;

/// A worker that was killed is back after this long: out of memory shows as a saw-tooth, as with
/// Chaos Mesh.
pub(super) const RESPAWN: Duration = Duration::from_secs(1);

/// All stress on one pod.
#[derive(Default)]
pub(super) struct PodStress {
    pub(super) stresses: Vec<Stress>,
    pub(super) affinity: CpuAffinity,
}

/// What one experiment does to one container of a pod.
pub(super) struct Stress {
    pub(super) id: String,
    /// Its place in the pod.
    pub(super) container: usize,
    pub(super) until: Instant,
    pub(super) workers: Vec<Worker>,
}

pub(super) struct Worker {
    pub(super) plan: Plan,
    pub(super) process: Option<Process>,
    pub(super) killed: bool,
    pub(super) start_at: Instant,
}

impl PodStress {
    /// The experiments, as `stress/id`.
    pub(super) fn names(&self) -> Vec<String> {
        let ids = self.stresses.iter().map(|stress| stress.id.as_str());
        let ids: BTreeSet<&str> = ids.collect(); // once, however many containers are hit
        ids.iter().map(|id| format!("stress/{id}")).collect()
    }

    /// Bytes of the workers that are charged to this container.
    pub(super) fn bytes(&self, container: usize) -> u64 {
        let there = self.stresses.iter().filter(|stress| stress.container == container);
        let workers = there.flat_map(|stress| &stress.workers);
        let processes = workers.filter_map(|worker| worker.process.as_ref());
        processes.filter_map(Process::anonymous_bytes).sum()
    }

    /// Kills the worker that the kernel would kill rather than the container's process with `rss`
    /// bytes; returns its pid.
    ///
    /// The kernel weighs size and score in the same way, but at the very page that is one too many;
    /// this stage looks four times a second, so a pod may hold more than its limit for that long.
    pub(super) fn kill_instead(&mut self, container: usize, rss: u64, limit: u64) -> Option<i32> {
        let own = badness(rss, POD_OOM_SCORE, limit);
        let there = self.stresses.iter_mut().filter(|stress| stress.container == container);
        let workers = there.flat_map(|stress| &mut stress.workers);
        let weighed = workers.filter(|worker| !worker.killed).filter_map(|worker| {
            let rss = worker.process.as_ref()?.anonymous_bytes()?;
            (worker.plan.bytes() > 0).then(|| (badness(rss, worker.plan.oom_score, limit), worker))
        });
        let (_, worker) =
            weighed.max_by_key(|(badness, _)| *badness).filter(|(badness, _)| *badness > own)?;
        let process = worker.process.as_ref()?;
        process.kill();
        worker.killed = true;
        Some(process.pid())
    }

    pub(super) fn workers(&self) -> impl Iterator<Item = &Worker> {
        self.stresses.iter().flat_map(|stress| &stress.workers)
    }

    pub(super) fn takes_cpu(&self) -> bool {
        self.workers().any(|worker| matches!(worker.plan.work, stress::Work::Cpu { .. }))
    }

    /// Bytes that the workers hold or will hold.
    pub(super) fn promised(&self) -> u64 {
        self.workers().map(|worker| worker.plan.bytes()).sum()
    }

    pub(super) fn remove(&mut self, id: &str, container: usize) {
        let meant = |stress: &Stress| stress.id == id && stress.container == container;
        let processes = self.stresses.iter().filter(|stress| meant(stress));
        let processes =
            processes.flat_map(|stress| &stress.workers).filter_map(|w| w.process.as_ref());
        // All at once, so that dropping them does not wait for each in turn.
        processes.for_each(Process::kill);
        self.stresses.retain(|stress| !meant(stress));
    }

    pub(super) fn lapsed(&self, now: Instant) -> Vec<(String, usize)> {
        let over = self.stresses.iter().filter(|stress| stress.until <= now);
        over.map(|stress| (stress.id.clone(), stress.container)).collect()
    }

    /// Takes in the workers that have ended.
    pub(super) fn reap(&mut self, now: Instant) {
        for worker in self.stresses.iter_mut().flat_map(|stress| &mut stress.workers) {
            if worker.process.as_mut().is_some_and(|process| process.poll().is_some()) {
                worker.process = None;
                worker.start_at = now + RESPAWN;
            }
        }
    }

    /// Stress and worker of those that have to be started.
    pub(super) fn due(&self, now: Instant) -> Vec<(usize, usize)> {
        let all = self.stresses.iter().enumerate().flat_map(|(stress, s)| {
            s.workers.iter().enumerate().map(move |(worker, w)| ((stress, worker), w))
        });
        let due = all.filter(|(_, worker)| worker.process.is_none() && worker.start_at <= now);
        due.map(|(index, _)| index).collect()
    }
}
