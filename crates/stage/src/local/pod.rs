//! One pod and its containers, as this stage keeps them.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::backoff::BackOff;
use super::config::Clock;
use super::probe::{Check, ProbeState};
use super::process::Process;
use super::stress::Stresses;
use super::world::not_found;
use crate::StageError;
use crate::manifest::{Container, Labels, PodSpec, Probe, RestartPolicy, memory_bytes};
use crate::snapshot::{ContainerStatus, Exit, Phase, PodStatus};

/// `(namespace, name)`: the key of every object within its kind.
pub(crate) type Key = (String, String);

/// One pod.
pub(crate) struct Pod {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) uid: String,
    pub(crate) labels: Labels,
    pub(crate) annotations: Labels,
    /// `Deployment/<name>` or `Job/<name>`.
    pub(crate) owner: String,
    /// Hash of the template it was made from.
    pub(crate) hash: String,
    pub(crate) ip: Ipv4Addr,
    pub(crate) spec: PodSpec,
    /// Its folder: working directory, home and `resolv.conf`.
    pub(crate) dir: PathBuf,
    pub(crate) containers: Vec<Runtime>,
    /// Told to end; killed at this moment.
    pub(crate) terminating: Option<Instant>,
    /// Kept down by `fail_pod`.
    pub(crate) held_down: bool,
    /// When the fault on its name lookups lapses.
    pub(crate) dns_fault: Option<Instant>,
    /// Processes beside it that take its CPU time and memory.
    pub(crate) stresses: Stresses,
}

/// One container, across its restarts.
pub(crate) struct Runtime {
    pub(crate) process: Option<Process>,
    /// Counts the starts, so that a late probe result of an earlier life is recognised.
    pub(crate) life: u32,
    pub(crate) started: Instant,
    /// When it is started next.
    pub(crate) start_at: Option<Instant>,
    pub(crate) waiting: Option<&'static str>,
    /// Killed at this moment if it has not ended by itself.
    pub(crate) kill_at: Option<Instant>,
    pub(crate) oom_killed: bool,
    pub(crate) back_off: BackOff,
    pub(crate) last_exit: Option<Exit>,
    pub(crate) readiness: Option<ProbeState>,
    pub(crate) liveness: Option<ProbeState>,
    pub(crate) rss: Option<u64>,
    pub(crate) limit: Option<u64>,
    pub(crate) log: PathBuf,
}

impl Runtime {
    pub(crate) fn new(spec: &Container, log: PathBuf, clock: Clock) -> Self {
        let now = Instant::now();
        Self {
            process: None,
            life: 0,
            started: now,
            start_at: Some(now),
            waiting: Some("ContainerCreating"),
            kill_at: None,
            oom_killed: false,
            back_off: BackOff::new(clock),
            last_exit: None,
            readiness: None,
            liveness: None,
            rss: None,
            limit: spec.resources.limits.memory.as_ref().and_then(memory_bytes),
            log,
        }
    }

    /// Takes in a new process.
    pub(crate) fn start(&mut self, process: Process, spec: &Container, clock: Clock, now: Instant) {
        let state = |probe: &Option<Probe>, good| {
            let probe = probe.as_ref()?;
            Some(ProbeState::new(probe, Check::of(probe, spec)?, clock, now, good))
        };
        self.process = Some(process);
        self.life += 1;
        self.started = now;
        self.start_at = None;
        self.waiting = None;
        self.kill_at = None;
        self.oom_killed = false;
        self.readiness = state(&spec.readiness_probe, false);
        self.liveness = state(&spec.liveness_probe, true);
    }

    /// Takes in the end of the process; `restart` says whether it is to be started again.
    pub(crate) fn ended(&mut self, code: i32, restart: bool, now: Instant) {
        let reason = match (self.oom_killed, code) {
            (true, _) => "OOMKilled",
            (false, 0) => "Completed",
            (false, _) => "Error",
        };
        self.process = None;
        self.kill_at = None;
        self.rss = None;
        self.last_exit = Some(Exit { reason, code });
        if restart {
            self.start_after(now, self.started);
        } else {
            self.waiting = Some(reason);
            self.start_at = None;
        }
    }

    /// Plans the next start after the back-off.
    pub(crate) fn start_after(&mut self, now: Instant, started: Instant) {
        let wait = self.back_off.after_exit(started, now);
        self.start_at = Some(now + wait);
        self.waiting =
            Some(if wait == Duration::ZERO { "ContainerCreating" } else { "CrashLoopBackOff" });
    }

    fn ready(&self) -> bool {
        self.process.is_some()
            && self.kill_at.is_none()
            && self.readiness.as_ref().is_none_or(|probe| probe.good)
    }

    fn finished(&self) -> bool {
        self.process.is_none() && self.start_at.is_none() && self.last_exit.is_some()
    }
}

impl Pod {
    /// Where the container of this name stands; the first one when none is named.
    pub(crate) fn container_index(&self, name: Option<&str>) -> Result<usize, StageError> {
        let Some(name) = name else {
            return Ok(0);
        };
        let mut all = self.spec.containers.iter();
        all.position(|container| container.name == name)
            .ok_or_else(|| not_found("container", &(self.name.clone(), name.to_owned())))
    }

    pub(crate) fn key(&self) -> Key {
        (self.namespace.clone(), self.name.clone())
    }

    /// `Pod/<name>`, for events.
    pub(crate) fn object(&self) -> String {
        format!("Pod/{}", self.name)
    }

    /// Whether Services send it traffic.
    pub(crate) fn ready(&self) -> bool {
        self.terminating.is_none() && !self.held_down && self.containers.iter().all(Runtime::ready)
    }

    /// Whether a container that ended with `code` is started again.
    pub(crate) fn restarts(&self, code: i32) -> bool {
        let policy = match self.spec.restart_policy {
            RestartPolicy::Always => true,
            RestartPolicy::OnFailure => code != 0,
            RestartPolicy::Never => false,
        };
        policy && self.terminating.is_none() && !self.held_down
    }

    pub(crate) fn phase(&self) -> Phase {
        let all = |test: fn(&Runtime) -> bool| self.containers.iter().all(test);
        if all(|c| c.life == 0) {
            Phase::Pending
        } else if self.held_down || !all(Runtime::finished) {
            Phase::Running
        } else if all(|c| c.last_exit.as_ref().is_some_and(|exit| exit.code == 0)) {
            Phase::Succeeded
        } else {
            Phase::Failed
        }
    }

    /// Whether all its containers have ended for good.
    pub(crate) fn finished(&self) -> bool {
        matches!(self.phase(), Phase::Succeeded | Phase::Failed)
    }

    pub(crate) fn has_processes(&self) -> bool {
        self.containers.iter().any(|c| c.process.is_some())
    }

    pub(crate) fn status(&self) -> PodStatus {
        let containers = self.spec.containers.iter().zip(&self.containers);
        PodStatus {
            name: self.name.clone(),
            namespace: self.namespace.clone(),
            uid: self.uid.clone(),
            labels: self.labels.clone(),
            annotations: self.annotations.clone(),
            owner: self.owner.clone(),
            ip: self.ip,
            phase: self.phase(),
            ready: self.ready(),
            terminating: self.terminating.is_some(),
            held_down: self.held_down,
            dns_fault: self.dns_fault.is_some(),
            faults: self.stresses.names(),
            containers: containers.map(|(spec, runtime)| runtime.status(&spec.name)).collect(),
        }
    }
}

impl Runtime {
    fn status(&self, name: &str) -> ContainerStatus {
        ContainerStatus {
            name: name.to_owned(),
            pid: self.process.as_ref().map(Process::pid),
            waiting: self.waiting,
            ready: self.ready(),
            restart_count: self.life.saturating_sub(1),
            last_exit: self.last_exit.clone(),
            rss_bytes: self.rss,
            log: self.log.clone(),
        }
    }
}
