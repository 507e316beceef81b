//! Stress on pods: workers beside a pod that compete for its cores and are charged to its memory
//! limit.
//!
//! All children of a stage are in its session, so the kernel's autogroups (one per session) do not
//! set them apart: one core's time is shared evenly by all threads that want it. A pod with
//! `limits.cpu` is confined to as many whole cores while it is under CPU stress, together with its
//! workers; one without a limit may use them all, as on a node. Unlike in a cgroup, the workers of
//! a confined pod take CPU time from everything else on its cores, and none from other cores.
//!
//! Workers stay when the container restarts, and are charged to its memory limit.

mod cores;
mod plan;
mod pod_stress;

use std::collections::BTreeMap;
use std::fs::File;
use std::time::Instant;

use chaos::fault::StressFault;

use crate::event::Events;
use crate::local::config::Shim;
use crate::local::pods::{MemoryCharges, POD_NICE, Pod, Pods};
use crate::local::process::{Launch, Process, Spawner};
use crate::manifest::cpu_millis;
use crate::{NamespacedName, StageError, stress};
use cores::CpuAffinity;
use plan::{Capacity, Plan};
use pod_stress::{PodStress, RESPAWN, Stress, Worker};

/// Open files of a worker.
const FILES: u64 = 16;

/// The stress on all pods, with the processes behind it.
pub(super) struct StressWorkers {
    /// How a worker is started.
    program: Shim,
    spawner: Spawner,
    events: Events,
    by_pod: BTreeMap<NamespacedName, PodStress>,
}

impl StressWorkers {
    pub(super) fn new(program: Shim, spawner: Spawner, events: Events) -> Self {
        Self { program, spawner, events, by_pod: BTreeMap::new() }
    }

    /// Has a container share its cores and its memory limit with workers, or takes them away.
    /// Returns what was cut.
    pub(super) async fn set(
        &mut self,
        pod: &Pod,
        id: &str,
        container: usize,
        fault: Option<(StressFault, Instant)>,
    ) -> Result<Vec<String>, StageError> {
        self.stress_on(pod).remove(id, container);
        let Some((fault, until)) = fault else {
            self.release_unstressed(pod);
            self.events.normal("StressRecovered", pod.object(), id);
            return Ok(Vec::new());
        };
        if let Some(score) = fault.memory.and_then(|m| m.oom_score_adj).filter(|score| *score < 0) {
            return Err(StageError::Fault {
                reason: format!("an oomScoreAdj of {score} needs privileges"),
                remedy: "write 0 to 1000, or leave it out",
            });
        }
        let (plans, cut) = plan::plan(&fault, self.capacity(pod));
        for cut in &cut {
            self.events.warning("StressClamped", pod.object(), format!("{id}: {cut}"));
        }
        let now = Instant::now();
        let count: usize = plans.iter().map(Plan::workers).sum();
        let worker = |plan| Worker { plan, process: None, killed: false, start_at: now };
        let workers: Vec<Worker> = plans.into_iter().map(worker).collect();
        let stress = Stress { id: id.to_owned(), container, until, workers };
        self.stress_on(pod).stresses.push(stress);
        if let Err(error) = self.start_workers(pod, now).await {
            self.stress_on(pod).remove(id, container);
            self.release_unstressed(pod);
            return Err(error);
        }
        self.events.normal("StressFault", pod.object(), format!("{id}: {count} workers"));
        Ok(cut)
    }

    /// Ends what has lapsed, brings killed workers back, confines processes that are new. Returns
    /// whether a stress has ended.
    pub(super) async fn tick(&mut self, now: Instant, pods: &Pods) -> bool {
        let mut ended = false;
        let stressed: Vec<NamespacedName> = self.by_pod.keys().cloned().collect();
        for name in stressed {
            let Some(stress) = self.by_pod.get_mut(&name) else {
                continue;
            };
            let object = format!("Pod/{}", name.name);
            for (id, container) in stress.lapsed(now) {
                stress.remove(&id, container);
                ended = true;
                let text = format!("{id}: its time is over");
                self.events.normal("StressRecovered", object.clone(), text);
            }
            stress.reap(now);
            let Some(pod) = pods.get(&name) else {
                continue;
            };
            self.release_unstressed(pod);
            if self.by_pod.contains_key(&name)
                && let Err(error) = self.start_workers(pod, now).await
            {
                self.events.warning("Failed", object, error.to_string());
            }
        }
        ended
    }

    /// Ends the stress on a pod that is gone.
    pub(super) fn forget(&mut self, pod: &NamespacedName) {
        self.by_pod.remove(pod);
    }

    /// The experiments on a pod, as `stress/ID`.
    pub(super) fn fault_names(&self, pod: &NamespacedName) -> Vec<String> {
        self.by_pod.get(pod).map(PodStress::names).unwrap_or_default()
    }

    fn stress_on(&mut self, pod: &Pod) -> &mut PodStress {
        self.by_pod.entry(pod.name().clone()).or_default()
    }

    /// Starts the workers whose time has come, on the pod's cores.
    async fn start_workers(&mut self, pod: &Pod, now: Instant) -> Result<(), StageError> {
        let cores = self.cores(pod);
        for (stress, worker) in self.stress_on(pod).due(now) {
            let (plan, until) = {
                let stress = &self.stress_on(pod).stresses[stress];
                (stress.workers[worker].plan, stress.until)
            };
            let started = self.start_worker(plan, until, pod, now).await;
            let worker = &mut self.stress_on(pod).stresses[stress].workers[worker];
            // Also after a failure: not again at once.
            worker.start_at = now + RESPAWN;
            worker.process = Some(started?);
            worker.killed = false;
        }
        let stress = self.stress_on(pod);
        if let Some(cores) = cores.filter(|_| stress.takes_cpu()) {
            if stress.affinity.cores().is_empty() {
                stress.affinity = CpuAffinity::to(cores);
            }
            let workers = stress.workers().filter_map(|worker| worker.process.as_ref());
            let pids: Vec<i32> = pod.pids().chain(workers.map(Process::pid)).collect();
            pids.into_iter().for_each(|pid| stress.affinity.add(pid));
        }
        Ok(())
    }

    async fn start_worker(
        &self,
        plan: Plan,
        until: Instant,
        pod: &Pod,
        now: Instant,
    ) -> Result<Process, StageError> {
        let Shim { program, args } = self.program.clone();
        let lasts = until.saturating_duration_since(now);
        let null = File::options().write(true).open("/dev/null");
        let launch = Launch {
            program,
            args: args.into_iter().chain(stress::args(plan.work, lasts)).collect(),
            env: Vec::new(),
            dir: pod.dir().to_owned(),
            log: null.map_err(StageError::io("open /dev/null"))?,
            files: FILES,
            oom_score: plan.oom_score,
            nice: POD_NICE,
        };
        let started = self.spawner.spawn(launch).await;
        started.map_err(StageError::io("start a stress worker"))
    }

    /// Lets a pod run everywhere again when no CPU stress is left on it, and forgets it when no
    /// stress is.
    fn release_unstressed(&mut self, pod: &Pod) {
        let stress = self.stress_on(pod);
        if !stress.takes_cpu() {
            pod.pids().for_each(|pid| stress.affinity.release(pid));
            stress.affinity = CpuAffinity::default();
        }
        if stress.stresses.is_empty() {
            self.forget(pod.name());
        }
    }

    /// The cores that a pod is confined to under CPU stress; none when a container of it has no
    /// limit.
    fn cores(&self, pod: &Pod) -> Option<Vec<usize>> {
        let containers = pod.spec().containers.iter();
        let limits = containers.map(|c| cpu_millis(c.resources.limits.cpu.as_ref()?));
        let limit = limits.sum::<Option<u64>>()?;
        let confined = self.by_pod.get(pod.name()).map(|stress| stress.affinity.cores());
        if let Some(confined) = confined.filter(|cores| !cores.is_empty()) {
            return Some(confined.to_vec());
        }
        let taken = |core| {
            let pods = self.by_pod.values();
            pods.filter(|stress| stress.affinity.cores().contains(&core)).count()
        };
        Some(cores::of_pod(&cores::available(), limit, taken))
    }

    fn capacity(&self, pod: &Pod) -> Capacity {
        let cores = self.cores(pod);
        let (total, available) = host_memory();
        Capacity {
            confined: cores.is_some(),
            cores: cores.unwrap_or_else(cores::available).len(),
            total,
            available,
            promised: self.by_pod.values().map(PodStress::promised).sum(),
        }
    }
}

impl MemoryCharges for StressWorkers {
    fn charged(&self, pod: &NamespacedName, container: usize) -> u64 {
        self.by_pod.get(pod).map_or(0, |stress| stress.bytes(container))
    }

    fn kill_instead(
        &mut self,
        pod: &NamespacedName,
        container: usize,
        rss: u64,
        limit: u64,
    ) -> Option<i32> {
        self.by_pod.get_mut(pod)?.kill_instead(container, rss, limit)
    }
}

/// Bytes that the host has, and that it could give.
fn host_memory() -> (u64, u64) {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kib * 1024)
    };
    (field("MemTotal:").unwrap_or(0), field("MemAvailable:").unwrap_or(0))
}
