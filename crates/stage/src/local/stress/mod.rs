//! Stress on a pod: workers beside it that compete for its cores and are charged to its memory limit.
//!
//! All children of a stage are in its session, so the kernel's autogroups (one per session) do not set them apart: one core's
//! time is shared evenly by all threads that want it. A pod with `limits.cpu` is confined to as many whole cores while it is
//! under CPU stress, together with its workers; one without a limit may use them all, as on a node. Unlike in a cgroup, the
//! workers of a confined pod take no time from what is on other cores, but do from what else is on these.
//!
//! Workers stay when the container restarts, and are charged to its memory limit.

mod cores;
mod plan;

use std::collections::BTreeSet;
use std::fs::File;
use std::time::{Duration, Instant};

use chaos::fault::StressFault;

use self::cores::Confined;
use self::plan::{Plan, Room, badness, plan};
use super::launch::{POD_NICE, POD_OOM_SCORE};
use super::pod::{Key, Pod};
use super::process::{Launch, Process};
use super::world::World;
use crate::StageError;
use crate::manifest::cpu_millis;
use crate::stress;

/// A worker that was killed is back after this long: out of memory shows as a saw-tooth, as with Chaos Mesh.
const RESPAWN: Duration = Duration::from_secs(1);
/// Open files of a worker.
const FILES: u64 = 16;

/// All stress on one pod.
#[derive(Default)]
pub(crate) struct Stresses {
    list: Vec<Stress>,
    confined: Confined,
}

/// What one experiment does to one container of a pod.
struct Stress {
    id: String,
    /// Its place in the pod.
    container: usize,
    until: Instant,
    workers: Vec<Worker>,
}

struct Worker {
    plan: Plan,
    process: Option<Process>,
    killed: bool,
    start_at: Instant,
}

impl World {
    /// Has the pod share its cores and its memory limit with workers, or takes them away.
    pub(crate) async fn stress_fault(
        &mut self,
        key: &Key,
        id: &str,
        container: Option<&str>,
        fault: Option<(StressFault, Instant)>,
    ) -> Result<(), StageError> {
        let pod = self.pod(key)?;
        let container = pod.container_index(container)?;
        pod.stresses.remove(id, container);
        let object = pod.object();
        let Some((fault, until)) = fault else {
            self.release_unstressed(key)?;
            self.events.normal("StressRecovered", object, id);
            return Ok(());
        };
        if let Some(score) = fault
            .memory
            .and_then(|m| m.oom_score_adj)
            .filter(|score| *score < 0)
        {
            return Err(StageError::Fault {
                reason: format!("an oomScoreAdj of {score} needs privileges"),
                remedy: "write 0 to 1000, or leave it out",
            });
        }
        let (plans, cut) = plan(&fault, self.room(&self.pods[key]));
        for cut in &cut {
            self.events
                .warning("StressClamped", object.clone(), format!("{id}: {cut}"));
        }
        let now = Instant::now();
        let worker = |plan| Worker {
            plan,
            process: None,
            killed: false,
            start_at: now,
        };
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
        self.events
            .normal("StressFault", object, format!("{id}: {count} workers"));
        Ok(())
    }

    /// Ends what has lapsed, brings killed workers back, confines processes that are new.
    pub(crate) async fn keep_stress(&mut self, now: Instant) {
        let stressed = self
            .pods
            .iter()
            .filter(|(_, pod)| !pod.stresses.list.is_empty());
        let stressed: Vec<Key> = stressed.map(|(key, _)| key.clone()).collect();
        for key in stressed {
            if let Err(error) = self.keep_stress_of(&key, now).await {
                self.events
                    .warning("Failed", format!("Pod/{}", key.1), error.to_string());
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
            self.events.normal(
                "StressRecovered",
                pod.object(),
                format!("{id}: its time is over"),
            );
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
                args: program
                    .args
                    .iter()
                    .cloned()
                    .chain(stress::args(plan.work, lasts))
                    .collect(),
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

    /// The cores that a pod is confined to under CPU stress; none when a container of it has no limit.
    fn cores(&self, pod: &Pod) -> Option<Vec<usize>> {
        let limits = pod
            .spec
            .containers
            .iter()
            .map(|c| cpu_millis(c.resources.limits.cpu.as_ref()?));
        let limit = limits.sum::<Option<u64>>()?;
        let confined = pod.stresses.confined.cores();
        if !confined.is_empty() {
            return Some(confined.to_vec());
        }
        let taken = |core| {
            let pods = self.pods.values();
            pods.filter(|pod| pod.stresses.confined.cores().contains(&core))
                .count()
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

impl Stresses {
    /// The experiments, as `stress/id`.
    pub(crate) fn names(&self) -> Vec<String> {
        let ids = self.list.iter().map(|stress| stress.id.as_str());
        let ids: BTreeSet<&str> = ids.collect(); // once, however many containers are hit
        ids.iter().map(|id| format!("stress/{id}")).collect()
    }

    /// Bytes of the workers that are charged to this container.
    pub(crate) fn bytes(&self, container: usize) -> u64 {
        let there = self.list.iter().filter(|one| one.container == container);
        let workers = there.flat_map(|stress| &stress.workers);
        let processes = workers.filter_map(|worker| worker.process.as_ref());
        processes.filter_map(Process::anonymous_bytes).sum()
    }

    /// Kills the worker that the kernel would kill rather than the container's process with `rss` bytes; returns its pid.
    ///
    /// The kernel weighs size and score in the same way, but at the very page that is one too many; this stage looks four
    /// times a second, so a pod may hold more than its limit for that long.
    pub(crate) fn kill_instead_of(
        &mut self,
        container: usize,
        rss: u64,
        limit: u64,
    ) -> Option<i32> {
        let own = badness(rss, POD_OOM_SCORE, limit);
        let there = self
            .list
            .iter_mut()
            .filter(|one| one.container == container);
        let workers = there.flat_map(|stress| &mut stress.workers);
        let weighed = workers
            .filter(|worker| !worker.killed)
            .filter_map(|worker| {
                let rss = worker.process.as_ref()?.anonymous_bytes()?;
                (worker.plan.bytes() > 0)
                    .then(|| (badness(rss, worker.plan.oom_score, limit), worker))
            });
        let (_, worker) = weighed
            .max_by_key(|(badness, _)| *badness)
            .filter(|(badness, _)| *badness > own)?;
        let process = worker.process.as_ref()?;
        process.kill();
        worker.killed = true;
        Some(process.pid())
    }

    fn workers(&self) -> impl Iterator<Item = &Worker> {
        self.list.iter().flat_map(|stress| &stress.workers)
    }

    fn takes_cpu(&self) -> bool {
        self.workers()
            .any(|worker| matches!(worker.plan.work, stress::Work::Cpu { .. }))
    }

    /// Bytes that the workers hold or will hold.
    fn promised(&self) -> u64 {
        self.workers().map(|worker| worker.plan.bytes()).sum()
    }

    fn remove(&mut self, id: &str, container: usize) {
        let it = |stress: &Stress| stress.id == id && stress.container == container;
        let processes = self.list.iter().filter(|stress| it(stress));
        let processes = processes
            .flat_map(|stress| &stress.workers)
            .filter_map(|w| w.process.as_ref());
        // All at once, so that dropping them does not wait for each in turn.
        processes.for_each(Process::kill);
        self.list.retain(|stress| !it(stress));
    }

    fn lapsed(&self, now: Instant) -> Vec<(String, usize)> {
        let over = self.list.iter().filter(|stress| stress.until <= now);
        over.map(|stress| (stress.id.clone(), stress.container))
            .collect()
    }

    /// Takes in the workers that have ended.
    fn reap(&mut self, now: Instant) {
        for worker in self.list.iter_mut().flat_map(|stress| &mut stress.workers) {
            if worker
                .process
                .as_mut()
                .is_some_and(|process| process.poll().is_some())
            {
                worker.process = None;
                worker.start_at = now + RESPAWN;
            }
        }
    }

    /// Stress and worker of those that have to be started.
    fn due(&self, now: Instant) -> Vec<(usize, usize)> {
        let all = self.list.iter().enumerate().flat_map(|(stress, s)| {
            s.workers
                .iter()
                .enumerate()
                .map(move |(worker, w)| ((stress, worker), w))
        });
        let due = all.filter(|(_, worker)| worker.process.is_none() && worker.start_at <= now);
        due.map(|(index, _)| index).collect()
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
    (
        field("MemTotal:").unwrap_or(0),
        field("MemAvailable:").unwrap_or(0),
    )
}
