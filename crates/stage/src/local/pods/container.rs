//! One container of a pod, across its restarts.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use slo::Clock;

use super::backoff::BackOff;
use super::probe::{Check, ProbeState};
use crate::local::process::Process;
use crate::manifest::{Container, Probe, memory_bytes};
use crate::snapshot::{ContainerStatus, Exit};

/// Why a container waits, in Kubernetes' words.
pub(super) const CREATING: &str = "ContainerCreating";
pub(super) const CRASH_LOOP: &str = "CrashLoopBackOff";
/// The stage's own: a pod failure holds it down.
const POD_FAILURE: &str = "PodFailure";

/// One container, across its restarts.
pub(super) struct ContainerState {
    pub(super) process: Option<Process>,
    /// Counts the starts, so that a late probe result of an earlier life is recognised.
    pub(super) life: u32,
    pub(super) started: Instant,
    /// When it is started next.
    pub(super) start_at: Option<Instant>,
    pub(super) waiting: Option<&'static str>,
    /// Asked to end at this moment: it goes on until its `preStop` sleep is over.
    pub(super) stop_at: Option<Instant>,
    /// Killed at this moment if it has not ended by itself.
    pub(super) kill_at: Option<Instant>,
    pub(super) oom_killed: bool,
    pub(super) back_off: BackOff,
    pub(super) last_exit: Option<Exit>,
    pub(super) readiness: Option<ProbeState>,
    pub(super) liveness: Option<ProbeState>,
    pub(super) rss: Option<u64>,
    /// Its memory limit, in bytes.
    pub(super) limit: Option<u64>,
    pub(super) log: PathBuf,
    pub(super) image: ImageState,
}

/// How a container stands with its image, before each of its starts.
pub(super) struct ImageState {
    /// It was looked for, and is there: the container may start.
    pub(super) there: bool,
    /// It is on its way; the container is started when it has come.
    pub(super) pulling: bool,
    pub(super) back_off: BackOff,
    /// From when on the container does not fail any more, but waits.
    pub(super) backs_off_at: Option<Instant>,
}

impl ContainerState {
    pub(super) fn new(spec: &Container, log: PathBuf, clock: Clock) -> Self {
        let now = Instant::now();
        Self {
            process: None,
            life: 0,
            started: now,
            start_at: Some(now),
            waiting: Some(CREATING),
            stop_at: None,
            kill_at: None,
            oom_killed: false,
            back_off: BackOff::new(clock),
            last_exit: None,
            readiness: None,
            liveness: None,
            rss: None,
            limit: spec.resources.limits.memory.as_ref().and_then(memory_bytes),
            log,
            image: ImageState {
                there: false,
                pulling: false,
                back_off: BackOff::new(clock),
                backs_off_at: None,
            },
        }
    }

    /// Takes in a new process.
    pub(super) fn start(&mut self, process: Process, spec: &Container, clock: Clock, now: Instant) {
        let state = |probe: &Option<Probe>, good| {
            let probe = probe.as_ref()?;
            Some(ProbeState::new(probe, Check::new(probe, spec)?, clock, now, good))
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

    /// Asks it to end: now, or when its `preStop` sleep is over.
    pub(super) fn stop(&mut self, pre_stop: Duration, now: Instant) {
        self.start_at = None;
        self.stop_at = Some(now + pre_stop);
        self.stop_if_due(now);
    }

    /// Asks it to end if its time has come.
    pub(super) fn stop_if_due(&mut self, now: Instant) {
        if self.stop_at.is_some_and(|at| at <= now) {
            self.stop_at = None;
            self.process.iter().for_each(|process| process.terminate());
        }
    }

    /// Takes in the end of the process; `restart` says whether it is to be started again.
    pub(super) fn ended(&mut self, code: i32, restart: bool, now: Instant) {
        let reason = match code {
            _ if self.oom_killed => "OOMKilled",
            0 => "Completed",
            _ => "Error",
        };
        self.process = None;
        self.kill_at = None;
        self.rss = None;
        self.last_exit = Some(Exit { reason: reason.into(), code });
        if restart {
            self.start_after_back_off(now, self.started);
        } else {
            self.waiting = Some(reason);
            self.start_at = None;
        }
    }

    /// Plans the next start after the back-off.
    pub(super) fn start_after_back_off(&mut self, now: Instant, started: Instant) {
        let wait = self.back_off.after_exit(started, now);
        self.start_at = Some(now + wait);
        self.waiting = Some(if wait == Duration::ZERO { CREATING } else { CRASH_LOOP });
    }

    /// Ends the process; it is not started again until [`Self::let_up`].
    pub(super) fn hold_down(&mut self) {
        match &self.process {
            Some(process) => process.kill(),
            None => self.waiting = Some(POD_FAILURE),
        }
    }

    /// Says so once the process of a container that is held down has ended.
    pub(super) fn is_down(&mut self) {
        self.waiting = Some(POD_FAILURE);
    }

    /// Lets it start again, at once.
    pub(super) fn let_up(&mut self, now: Instant) {
        self.back_off.reset();
        self.waiting = Some(CREATING);
        self.start_at = self.process.is_none().then_some(now);
    }

    pub(super) fn ready(&self) -> bool {
        self.process.is_some()
            && self.kill_at.is_none()
            && self.readiness.as_ref().is_none_or(|probe| probe.good)
    }

    /// Whether it has ended for good.
    pub(super) fn finished(&self) -> bool {
        let starts = self.start_at.is_some() || self.image.pulling;
        self.process.is_none() && !starts && self.last_exit.is_some()
    }

    pub(super) fn status(&self, spec: &Container) -> ContainerStatus {
        ContainerStatus {
            name: spec.name.clone(),
            ports: spec.ports.iter().map(|port| port.container_port).collect(),
            pid: self.process.as_ref().map(Process::pid),
            waiting: self.waiting.map(str::to_owned),
            ready: self.ready(),
            restart_count: self.life.saturating_sub(1),
            last_exit: self.last_exit.clone(),
            rss_bytes: self.rss,
            log: Some(self.log.clone()),
        }
    }
}
