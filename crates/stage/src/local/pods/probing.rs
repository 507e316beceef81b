//! Makes the probe attempts that are due, each in a task of its own, and takes in their results.

use std::time::Instant;

use super::Pods;
use super::lifecycle::grace;
use crate::NamespacedName;

/// Probe attempts under way at the same time.
const MAX_PROBES: usize = 256;

/// The outcome of one probe attempt.
pub(super) struct ProbeResult {
    pod: NamespacedName,
    container: usize,
    /// The life of the container that was probed.
    life: u32,
    kind: ProbeKind,
    /// `Err` says why it failed.
    outcome: Result<(), String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ProbeKind {
    Readiness,
    Liveness,
}

impl Pods {
    /// Starts the probe attempts whose time has come.
    pub(super) fn start_probes(&mut self, now: Instant) {
        for (name, pod) in self.pods.iter_mut().filter(|(_, pod)| !pod.terminating()) {
            let containers = pod.containers.iter_mut().enumerate();
            for (index, container) in containers.filter(|(_, c)| c.process.is_some()) {
                let states = [
                    (ProbeKind::Readiness, &mut container.readiness),
                    (ProbeKind::Liveness, &mut container.liveness),
                ];
                for (kind, state) in states {
                    let Some(state) = state else { continue };
                    if self.probes.len() >= MAX_PROBES || !state.start_if_due(now) {
                        continue;
                    }
                    let (pod_name, ip, life) = (name.clone(), pod.ip, container.life);
                    let (check, time_out) = (state.check.clone(), state.time_out);
                    self.probes.spawn(async move {
                        let outcome = check.attempt(ip, time_out).await;
                        ProbeResult { pod: pod_name, container: index, life, kind, outcome }
                    });
                }
            }
        }
    }

    /// Waits for one attempt to end and takes in what it says; `None` when none is under way. May
    /// be dropped at any time.
    pub(crate) async fn next_probe_result(&mut self) -> Option<()> {
        // A probe task does not panic; if one is cancelled there is nothing to learn from it.
        if let Ok(result) = self.probes.join_next().await? {
            self.take_probe_result(result, Instant::now());
        }
        Some(())
    }

    fn take_probe_result(&mut self, result: ProbeResult, now: Instant) {
        let Some(pod) = self.pods.get_mut(&result.pod) else {
            return;
        };
        let object = pod.object();
        let container = pod.containers.get_mut(result.container);
        let Some(container) = container.filter(|container| container.life == result.life) else {
            return;
        };
        let (state, kind) = match result.kind {
            ProbeKind::Readiness => (&mut container.readiness, "readiness"),
            ProbeKind::Liveness => (&mut container.liveness, "liveness"),
        };
        if !state.as_mut().is_some_and(|state| state.result(result.outcome.is_ok(), now)) {
            return;
        }
        self.changed = true;
        let Err(why) = result.outcome else {
            self.events.normal("Healthy", object, format!("{kind} probe succeeds"));
            return;
        };
        self.events.warning("Unhealthy", object, format!("{kind} probe: {why}"));
        if result.kind == ProbeKind::Liveness
            && let Some(process) = &container.process
        {
            process.terminate();
            container.kill_at = Some(now + grace(&pod.spec));
        }
    }
}
