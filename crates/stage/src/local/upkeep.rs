//! What is looked at again and again while pods live: grace periods, lapsing faults, memory, logs,
//! probes.

use std::fs::File;
use std::time::Instant;

use super::reconcile::grace;
use super::world::{ProbeResult, World};

/// Above this a log is cut: a service that logs every request must not fill the disk.
const MOST_LOG: u64 = 32 * 1024 * 1024;
/// Probe attempts under way at the same time.
const MOST_PROBES: usize = 256;

impl World {
    /// Kills what has not ended in its grace period; ends lapsed faults.
    pub(crate) async fn keep_deadlines(&mut self, now: Instant) {
        self.end_lapsed_traffic_faults(now);
        let mut lapsed = Vec::new();
        for (key, pod) in &mut self.pods {
            let over = pod.terminating.is_some_and(|end| end <= now);
            for container in &mut pod.containers {
                if over || container.kill_at.is_some_and(|end| end <= now) {
                    container.process.iter().for_each(|process| process.kill());
                }
            }
            if pod.terminating.is_none() && pod.dns_fault.is_some_and(|end| end <= now) {
                lapsed.push(key.clone());
            }
        }
        for key in lapsed {
            if let Err(error) = self.dns_fault(&key, None).await {
                self.events.warning("Failed", format!("Pod/{}", key.1), error.to_string());
            }
        }
    }

    /// Kills containers above their memory limit, as the kernel does in a cluster.
    pub(crate) fn enforce_memory(&mut self) {
        for pod in self.pods.values_mut() {
            for (index, container) in pod.containers.iter_mut().enumerate() {
                let (Some(limit), Some(process)) = (container.limit, &container.process) else {
                    continue;
                };
                let Some(rss) = process.rss_bytes() else {
                    continue;
                };
                self.dirty |= container.rss != Some(rss);
                container.rss = Some(rss);
                let charged = pod.stresses.bytes(index);
                if rss + charged > limit && !container.oom_killed {
                    let mut text = format!("{rss} bytes resident, limit {limit}");
                    if charged > 0 {
                        text += &format!(", {charged} more by stress");
                    }
                    match pod.stresses.kill_instead_of(index, rss, limit) {
                        Some(worker) => text += &format!("; stress worker {worker} is killed"),
                        None => {
                            container.oom_killed = true;
                            process.kill();
                        }
                    }
                    self.events.warning("OOMKilling", format!("Pod/{}", pod.name), text);
                }
            }
        }
    }

    /// Empties logs that have grown too long; processes append, so they go on at the start.
    pub(crate) fn bound_logs(&self) {
        for container in self.pods.values().flat_map(|pod| &pod.containers) {
            let long = std::fs::metadata(&container.log).is_ok_and(|meta| meta.len() > MOST_LOG);
            if long && let Ok(file) = File::options().write(true).open(&container.log) {
                let _ = file.set_len(0);
            }
        }
    }

    /// Starts the probe attempts whose time has come.
    pub(crate) fn start_probes(&mut self, now: Instant) {
        for (key, pod) in self.pods.iter_mut().filter(|(_, pod)| pod.terminating.is_none()) {
            for (container, runtime) in
                pod.containers.iter_mut().enumerate().filter(|(_, c)| c.process.is_some())
            {
                for (liveness, state) in
                    [(false, &mut runtime.readiness), (true, &mut runtime.liveness)]
                {
                    let Some(state) = state else { continue };
                    if self.probes.len() >= MOST_PROBES || !state.start_if_due(now) {
                        continue;
                    }
                    let (pod_key, ip, life) = (key.clone(), pod.ip, runtime.life);
                    let (check, time_out) = (state.check.clone(), state.time_out);
                    self.probes.spawn(async move {
                        let outcome = check.attempt(ip, time_out).await;
                        ProbeResult { pod: pod_key, container, life, liveness, outcome }
                    });
                }
            }
        }
    }

    pub(crate) fn probe_result(&mut self, result: ProbeResult) {
        let Some(pod) = self.pods.get_mut(&result.pod) else {
            return;
        };
        let Some(runtime) =
            pod.containers.get_mut(result.container).filter(|c| c.life == result.life)
        else {
            return;
        };
        let state = if result.liveness { &mut runtime.liveness } else { &mut runtime.readiness };
        let now = Instant::now();
        if !state.as_mut().is_some_and(|state| state.result(result.outcome.is_ok(), now)) {
            return;
        }
        self.dirty = true;
        let kind = if result.liveness { "liveness" } else { "readiness" };
        match result.outcome {
            Ok(()) => self.events.normal(
                "Healthy",
                format!("Pod/{}", pod.name),
                format!("{kind} probe is content"),
            ),
            Err(why) => {
                self.events.warning(
                    "Unhealthy",
                    format!("Pod/{}", pod.name),
                    format!("{kind} probe: {why}"),
                );
                if result.liveness
                    && let Some(process) = &runtime.process
                {
                    process.terminate();
                    runtime.kill_at = Some(now + grace(&pod.spec));
                }
            }
        }
    }
}
