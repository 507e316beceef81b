//! Stress on a pod: workers beside it that compete for its cores and are charged to its memory
//! limit.
//!
//! All children of a stage are in its session, so the kernel's autogroups (one per session) do not
//! set them apart: one core's time is shared evenly by all threads that want it. A pod with
//! `limits.cpu` is confined to as many whole cores while it is under CPU stress, together with its
//! workers; one without a limit may use them all, as on a node. Unlike in a cgroup, the workers of
//! a confined pod take no time from what is on other cores, but do from what else is on these.
//!
//! Workers stay when the container restarts, and are charged to its memory limit.

mod cores;
mod plan;
mod stresses;

use std::fs::File;
use std::time::Instant;

use chaos::fault::StressFault;

use self::cores::Confined;
use self::plan::{Room, plan};
use self::stresses::{RESPAWN, Stress, Worker};
use super::launch::POD_NICE;
use super::pod::{Key, Pod};
use super::process::{Launch, Process};
use super::world::World;
use crate::StageError;
use crate::manifest::cpu_millis;
use crate::stress;

pub(crate) use self::stresses::Stresses;

/// Open files of a worker.
const FILES: u64 = 16;

impl World {
    /// Has the pod share its cores and its memory limit with workers, or takes them away. Returns
    /// what was cut.
    pub(crate) async fn stress_fault(
        &mut self,
        key: &Key,
        id: &str,
        container: Option<&str>,
        fault: Option<(StressFault, Instant)>,
    ) -> Result<Vec<String>, StageError> {
        let pod = self.pod(key)?;
        let container = pod.container_index(container)?;
        pod.stresses.remove(id, container);
        let object = pod.object();
        let Some((fault, until)) = fault else {
            self.release_unstressed(key)?;
            self.events.normal("StressRecovered", object, id);
            return Ok(Vec::new());
        };
        if let Some(score) = fault.memory.and_then(|m| m.oom_score_adj).filter(|score| *score < 0) {
            return Err(StageError::Fault {
                reason: format!("an oomScoreAdj of {score} needs privileges"),
                remedy: "write 0 to 1000, or leave it out",
            });
        }
        let (plans, cut) = plan(&fault, self.room(&self.pods[key]));
        for cut in &cut {
            self.events.warning("StressClamped", object.clone(), format!("{id}: {cut}"));
        }
        let now = Instant::now();
        let worker = |plan| Worker { plan, process: None, killed: false, start_at: now };
        let stress = Stress {
            id: id.to_owned(),
            container,
            until,
            workers: plans.into_iter().map(worker).collect(),
        };
        let count = stress.workers.len();
        self.pod(key)?.stresses.list.push(stress);
        if let Err(error) = self.start_workers(key, now).await {
            self.pod(key)?.stresses.remove(id, container);
            self.release_unstressed(key)?;
            return Err(error);
        }
        self.events.normal("StressFault", object, format!("{id}: {count} workers"));
        Ok(cut)
    }

    /// Ends what has lapsed, brings killed workers back, confines processes that are new.
    pub(crate) async fn keep_stress(&mut self, now: Instant) {
        let stressed = self.pods.iter().filter(|(_, pod)| !pod.stresses.list.is_empty());
        let stressed: Vec<Key> = stressed.map(|(key, _)| key.clone()).collect();
        for key in stressed {
            if let Err(error) = self.keep_stress_of(&key, now).await {
                self.events.warning("Failed", format!("Pod/{}", key.1), error.to_string());
            }
        }
    }

    async fn keep_stress_of(&mut self, key: &Key, now: Instant) -> Result<(), StageError> {
        let Some(pod) = self.pods.get_mut(key) else {
            return Ok(());
        };
        for (id, container) in pod.stresses.lapsed(now) {
            pod.stresses.remove(&id, container);
            self.dirty = true;
            self.events.normal("StressRecovered", pod.object(), format!("{id}: its time is over"));
        }
        pod.stresses.reap(now);
        if pod.terminating.is_some() {
            return Ok(());
        }
        self.release_unstressed(key)?;
        self.start_workers(key, now).await
    }

    /// Starts the workers whose time has come, on the pod's cores.
    async fn start_workers(&mut self, key: &Key, now: Instant) -> Result<(), StageError> {
        let cores = self.cores(&self.pods[key]);
        let due: Vec<(usize, usize)> = self.pods[key].stresses.due(now);
        for (stress, worker) in due {
            let pod = &self.pods[key];
            let (plan, until) = {
                let stress = &pod.stresses.list[stress];
                (stress.workers[worker].plan, stress.until)
            };
            let program = &self.config.stress;
            let lasts = until.saturating_duration_since(now);
            let null = File::options().write(true).open("/dev/null");
            let launch = Launch {
                program: program.program.clone(),
                args: program.args.iter().cloned().chain(stress::args(plan.work, lasts)).collect(),
                env: Vec::new(),
                dir: pod.dir.clone(),
                log: null.map_err(StageError::io("open /dev/null"))?,
                files: FILES,
                oom_score: plan.oom_score,
                nice: POD_NICE,
            };
            let started = self.spawner.spawn(launch).await;
            let process = started.map_err(StageError::io("start a stress worker"));
            let worker = &mut self.pod(key)?.stresses.list[stress].workers[worker];
            // Also after a failure: not again at once.
            worker.start_at = now + RESPAWN;
            worker.process = Some(process?);
            worker.killed = false;
        }
        let pod = self.pod(key)?;
        if let Some(cores) = cores.filter(|_| pod.stresses.takes_cpu()) {
            let own = pod.containers.iter().filter_map(|c| c.process.as_ref());
            let workers = pod.stresses.workers().filter_map(|w| w.process.as_ref());
            let pids: Vec<i32> = own.chain(workers).map(Process::pid).collect();
            if pod.stresses.confined.cores().is_empty() {
                pod.stresses.confined = Confined::to(cores);
            }
            for pid in pids {
                pod.stresses.confined.add(pid);
            }
        }
        Ok(())
    }

    /// Lets a pod run everywhere again when no CPU stress is left.
    fn release_unstressed(&mut self, key: &Key) -> Result<(), StageError> {
        let Some(pod) = self.pods.get_mut(key) else {
            return Ok(());
        };
        if !pod.stresses.takes_cpu() {
            for process in pod.containers.iter().filter_map(|c| c.process.as_ref()) {
                pod.stresses.confined.release(process.pid());
            }
            pod.stresses.confined = Confined::default();
        }
        Ok(())
    }

    /// The cores that a pod is confined to under CPU stress; none when a container of it has no
    /// limit.
    fn cores(&self, pod: &Pod) -> Option<Vec<usize>> {
        let limits =
            pod.spec.containers.iter().map(|c| cpu_millis(c.resources.limits.cpu.as_ref()?));
        let limit = limits.sum::<Option<u64>>()?;
        let confined = pod.stresses.confined.cores();
        if !confined.is_empty() {
            return Some(confined.to_vec());
        }
        let taken = |core| {
            let pods = self.pods.values();
            pods.filter(|pod| pod.stresses.confined.cores().contains(&core)).count()
        };
        Some(cores::of_pod(&cores::all(), limit, taken))
    }

    fn room(&self, pod: &Pod) -> Room {
        let cores = self.cores(pod);
        let (total, available) = host_memory();
        let promised = self.pods.values().map(|pod| pod.stresses.promised()).sum();
        Room {
            confined: cores.is_some(),
            cores: cores.unwrap_or_else(cores::all).len(),
            total,
            available,
            promised,
        }
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
