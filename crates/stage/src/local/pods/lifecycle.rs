//! The life of pods: created, started, ended, reaped.

use std::time::{Duration, Instant};

use super::container::{CRASH_LOOP, ContainerState};
use super::{Pod, Pods, RemovedPod, naming};
use crate::local::process::exit_code;
use crate::manifest::{Container, PodSpec, PodTemplate};
use crate::{NamespacedName, StageError};

/// Starts per tick, so that 200 new pods do not hold up everything else.
const STARTS_PER_TICK: usize = 16;

impl Pods {
    /// Creates a pod; its containers are started by the next [`Self::start_due`].
    pub(super) fn create_pod(
        &mut self,
        owner: String,
        base_name: &str,
        namespace: &str,
        template: &PodTemplate,
        hash: &str,
    ) -> Result<(), StageError> {
        let ip = self.addresses.take()?;
        let name = naming::pod_name(base_name);
        let dir = self.state_dir.join("pods").join(format!("{namespace}_{name}"));
        std::fs::create_dir_all(&dir)
            .map_err(StageError::io(format!("create {}", dir.display())))?;
        let mut labels = template.metadata.labels.clone();
        if owner.starts_with("Deployment/") {
            labels.insert("pod-template-hash".into(), hash.into());
        }
        let state = |container: &Container| {
            let log = self.log_file(namespace, &name, &container.name);
            ContainerState::new(container, log, self.clock)
        };
        let pod = Pod {
            containers: template.spec.containers.iter().map(state).collect(),
            name: NamespacedName::new(namespace, name),
            uid: naming::random_uid(),
            labels,
            annotations: template.metadata.annotations.clone(),
            owner,
            hash: hash.into(),
            ip,
            spec: template.spec.clone(),
            kill_at: None,
            held_down: false,
            dir,
        };
        pod.write_resolv_conf(*self.nameserver.ip())?;
        pod.write_hosts()?;
        self.events.normal("Created", pod.object(), format!("on {ip}"));
        self.pods.insert(pod.name.clone(), pod);
        self.changed = true;
        Ok(())
    }

    /// Starts the containers whose time has come.
    pub(super) async fn start_due(&mut self, now: Instant) {
        let due: Vec<(NamespacedName, usize)> = self
            .pods
            .iter()
            .filter(|(_, pod)| !pod.terminating() && !pod.held_down)
            .flat_map(|(name, pod)| {
                let containers = pod.containers.iter().enumerate();
                let due = containers.filter(|(_, c)| c.start_at.is_some_and(|at| at <= now));
                due.map(move |(index, _)| (name.clone(), index))
            })
            .take(STARTS_PER_TICK)
            .collect();
        for (name, index) in due {
            self.changed = true;
            if !self.image_is_there(&name, index, now) {
                continue;
            }
            let started = self.start_container(&name, index).await;
            let Some(pod) = self.pods.get_mut(&name) else {
                continue;
            };
            if let Err(error) = started {
                self.events.warning("Failed", pod.object(), error.to_string());
                pod.containers[index].start_after_back_off(now, now);
            }
        }
    }

    /// Asks a pod to end: it gets no more traffic, SIGTERM after its `preStop` sleep, SIGKILL after
    /// `grace`; zero kills at once. Its owner makes another one, with another name.
    pub(crate) fn terminate(
        &mut self,
        name: &NamespacedName,
        grace: Duration,
    ) -> Result<(), StageError> {
        let now = Instant::now();
        let pod = self.living(name)?;
        pod.kill_at = Some(now + grace);
        for (container, spec) in pod.containers.iter_mut().zip(&pod.spec.containers) {
            if grace.is_zero() {
                container.start_at = None;
                container.process.iter().for_each(|process| process.kill());
            } else {
                container.stop(spec.pre_stop(), now);
            }
        }
        let object = pod.object();
        self.events.normal("Killing", object, format!("SIGTERM, then SIGKILL after {grace:?}"));
        self.changed = true;
        Ok(())
    }

    /// Kills the process of a container; the same pod starts it again and counts the restart.
    pub(crate) fn kill_container(
        &mut self,
        name: &NamespacedName,
        index: usize,
    ) -> Result<(), StageError> {
        let pod = self.living(name)?;
        pod.containers[index].process.iter().for_each(|process| process.kill());
        Ok(())
    }

    /// Holds all containers down: same pod, same address, nothing listens.
    pub(crate) fn hold_down(&mut self, name: &NamespacedName) -> Result<(), StageError> {
        let pod = self.living(name)?;
        if !std::mem::replace(&mut pod.held_down, true) {
            pod.containers.iter_mut().for_each(ContainerState::hold_down);
            let object = pod.object();
            self.events.normal("PodFailure", object, "held down");
            self.changed = true;
        }
        Ok(())
    }

    /// Lets a pod that was held down come up again.
    pub(crate) fn let_up(&mut self, name: &NamespacedName) -> Result<(), StageError> {
        let now = Instant::now();
        let pod = self.living(name)?;
        if std::mem::replace(&mut pod.held_down, false) {
            pod.containers.iter_mut().for_each(|container| container.let_up(now));
            let object = pod.object();
            self.events.normal("PodRecovered", object, "comes up again");
            self.changed = true;
        }
        Ok(())
    }

    /// Stops what has slept before its end, and kills what has not ended in its grace period.
    pub(super) fn kill_overdue(&mut self, now: Instant) {
        for pod in self.pods.values_mut() {
            let over = pod.kill_at.is_some_and(|end| end <= now);
            for container in &mut pod.containers {
                container.stop_if_due(now);
                if over || container.kill_at.is_some_and(|end| end <= now) {
                    container.process.iter().for_each(|process| process.kill());
                }
            }
        }
    }

    /// Takes in the children that have ended, and removes the pods that have no process left.
    pub(super) fn reap(&mut self, now: Instant) -> Vec<RemovedPod> {
        for pod in self.pods.values_mut() {
            for index in 0..pod.containers.len() {
                let process = pod.containers[index].process.as_mut();
                let Some(status) = process.and_then(|process| process.poll()) else {
                    continue;
                };
                let code = if pod.containers[index].oom_killed { 137 } else { exit_code(status) };
                let restart = pod.restarts(code);
                let container = &mut pod.containers[index];
                container.ended(code, restart, now);
                if pod.held_down {
                    container.is_down();
                }
                let waiting = container.waiting.unwrap_or_default();
                let name = &pod.spec.containers[index].name;
                let text = format!("container {name} ended with {code}: {waiting}");
                if code == 0 || pod.terminating() {
                    self.events.normal("Exited", pod.object(), text);
                } else if waiting == CRASH_LOOP {
                    self.events.warning("BackOff", pod.object(), text);
                } else {
                    self.events.warning("Exited", pod.object(), text);
                }
                self.changed = true;
            }
        }
        self.remove_ended()
    }

    fn remove_ended(&mut self) -> Vec<RemovedPod> {
        let ended = self.pods.values().filter(|pod| pod.terminating() && !pod.has_processes());
        let ended: Vec<RemovedPod> =
            ended.map(|pod| RemovedPod { name: pod.name.clone(), ip: pod.ip }).collect();
        for removed in &ended {
            if let Some(pod) = self.pods.remove(&removed.name) {
                let _ = std::fs::remove_dir_all(&pod.dir);
            }
            self.addresses.free(removed.ip);
            self.changed = true;
        }
        ended
    }

    /// Asks every pod to end within `most`, and wants none any more.
    pub(crate) fn end_all(&mut self, most: Duration) {
        self.deployments.clear();
        self.jobs.clear();
        let all: Vec<_> =
            self.pods.iter().map(|(name, pod)| (name.clone(), grace(&pod.spec))).collect();
        for (name, grace) in all {
            // One that is on its way out already is as good.
            let _ = self.terminate(&name, grace.min(most));
        }
        // Nobody sends anything any more, so nobody has to be waited for.
        let now = Instant::now();
        for container in self.pods.values_mut().flat_map(|pod| &mut pod.containers) {
            container.stop_at = container.stop_at.map(|_| now);
            container.stop_if_due(now);
        }
    }
}

/// The grace period as written: it bounds a program, and programs do not run on the stage clock.
pub(super) fn grace(spec: &PodSpec) -> Duration {
    Duration::from_secs(spec.termination_grace_period_seconds)
}
