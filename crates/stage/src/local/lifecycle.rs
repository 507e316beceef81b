//! The life of pods: created, started, ended, reaped.

use std::time::{Duration, Instant};

use super::pod::{Key, Pod, Runtime};
use super::process::exit_code;
use super::reconcile::grace;
use super::stress::Stresses;
use super::template;
use super::world::World;
use crate::StageError;
use crate::manifest::PodTemplate;

/// Starts per tick, so that 200 new pods do not hold up everything else.
const STARTS_PER_TICK: usize = 16;

impl World {
    /// Creates a pod; its containers are started by the next [`Self::start_due`].
    pub(crate) fn create_pod(
        &mut self,
        owner: String,
        base_name: &str,
        namespace: &str,
        template: &PodTemplate,
        hash: &str,
    ) -> Result<(), StageError> {
        let ip = self.pod_addresses.take()?;
        let name = format!("{base_name}-{}", template::random_suffix());
        let dir = self.dir("pods").join(format!("{namespace}_{name}"));
        std::fs::create_dir_all(&dir)
            .map_err(StageError::io(format!("create {}", dir.display())))?;
        let mut labels = template.metadata.labels.clone();
        if owner.starts_with("Deployment/") {
            labels.insert("pod-template-hash".into(), hash.into());
        }
        let log =
            |container: &str| self.dir("logs").join(format!("{namespace}_{name}_{container}.log"));
        let containers = &template.spec.containers;
        let runtimes =
            containers.iter().map(|c| Runtime::new(c, log(&c.name), self.config.clock)).collect();
        let pod = Pod {
            namespace: namespace.into(),
            uid: template::random_uid(),
            labels,
            annotations: template.metadata.annotations.clone(),
            owner,
            hash: hash.into(),
            ip,
            spec: template.spec.clone(),
            containers: runtimes,
            terminating: None,
            held_down: false,
            dns_fault: None,
            stresses: Stresses::default(),
            name,
            dir,
        };
        self.write_resolv_conf(&pod, self.dns.address)?;
        self.events.normal("Created", pod.object(), format!("on {ip}"));
        self.pods.insert(pod.key(), pod);
        self.dirty = true;
        Ok(())
    }

    /// Starts the containers whose time has come.
    pub(crate) async fn start_due(&mut self, now: Instant) {
        let due: Vec<(Key, usize)> = self
            .pods
            .iter()
            .filter(|(_, pod)| pod.terminating.is_none() && !pod.held_down)
            .flat_map(|(key, pod)| {
                let due = pod
                    .containers
                    .iter()
                    .enumerate()
                    .filter(|(_, c)| c.start_at.is_some_and(|at| at <= now));
                due.map(move |(index, _)| (key.clone(), index))
            })
            .take(STARTS_PER_TICK)
            .collect();
        for (key, index) in due {
            self.dirty = true;
            let started = self.start_container(&key, index).await;
            let Some(pod) = self.pods.get_mut(&key) else {
                continue;
            };
            if let Err(error) = started {
                self.events.warning("Failed", pod.object(), error.to_string());
                pod.containers[index].start_after(now, now);
            }
        }
    }

    /// Tells a pod to end: SIGTERM now, SIGKILL after `grace`.
    pub(crate) fn terminate(&mut self, key: &Key, grace: Duration) {
        let Some(pod) = self.pods.get_mut(key).filter(|pod| pod.terminating.is_none()) else {
            return;
        };
        pod.terminating = Some(Instant::now() + grace);
        self.events.normal(
            "Killing",
            pod.object(),
            format!("SIGTERM, then SIGKILL after {grace:?}"),
        );
        for container in &mut pod.containers {
            container.start_at = None;
            if let Some(process) = &container.process {
                if grace.is_zero() { process.kill() } else { process.terminate() }
            }
        }
        self.dirty = true;
    }

    /// Takes in the children that have ended, and removes the pods that are through.
    pub(crate) fn reap(&mut self, now: Instant) {
        for pod in self.pods.values_mut() {
            for index in 0..pod.containers.len() {
                let Some(status) = pod.containers[index].process.as_mut().and_then(|p| p.poll())
                else {
                    continue;
                };
                let code = if pod.containers[index].oom_killed { 137 } else { exit_code(status) };
                let restart = pod.restarts(code);
                pod.containers[index].ended(code, restart, now);
                if pod.held_down {
                    pod.containers[index].waiting = Some("PodFailure");
                }
                let waiting = pod.containers[index].waiting.unwrap_or_default();
                let text = format!(
                    "container {} ended with {code}: {waiting}",
                    pod.spec.containers[index].name
                );
                match (code, pod.terminating) {
                    (0, _) | (_, Some(_)) => self.events.normal("Exited", pod.object(), text),
                    _ if waiting == "CrashLoopBackOff" => {
                        self.events.warning("BackOff", pod.object(), text)
                    }
                    _ => self.events.warning("Exited", pod.object(), text),
                }
                self.dirty = true;
            }
        }
        let through =
            self.pods.iter().filter(|(_, pod)| pod.terminating.is_some() && !pod.has_processes());
        let through: Vec<Key> = through.map(|(key, _)| key.clone()).collect();
        for key in through {
            if let Some(pod) = self.pods.remove(&key) {
                self.dirty = true;
                self.dns.close(super::address::chaos_dns(pod.ip));
                self.traffic.forget(pod.ip);
                self.pod_addresses.free(pod.ip);
                let _ = std::fs::remove_dir_all(&pod.dir);
            }
        }
        for backend in [&mut self.prometheus, &mut self.alertmanager].into_iter().flatten() {
            if backend.just_died() {
                let text = backend.died.clone().unwrap_or_default();
                self.events.warning("BackendDied", backend.name, text);
                self.dirty = true;
            }
        }
    }

    /// Ends all pods, gracefully as long as `down_time_out` allows, then Alertmanager and
    /// Prometheus.
    pub(crate) async fn shut_down(&mut self) {
        self.deployments.clear();
        self.jobs.clear();
        let all: Vec<_> =
            self.pods.iter().map(|(key, pod)| (key.clone(), grace(&pod.spec))).collect();
        for (key, grace) in all {
            self.terminate(&key, grace.min(self.config.down_time_out));
        }
        while !self.pods.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
            let now = Instant::now();
            self.keep_deadlines(now).await;
            self.reap(now);
        }
        // Nothing of their data is needed any more, so nothing is lost by not waiting for a clean
        // end.
        self.prometheus = None;
        self.alertmanager = None;
        self.dirty = true;
        self.publish();
    }
}
