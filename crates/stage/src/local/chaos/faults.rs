//! The faults on this stage's pods. A new kind of fault is one more arm in [`Faults::set`], and the
//! mechanism behind it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chaos::fault::Fault;

use super::stress::StressWorkers;
use crate::event::Events;
use crate::local::command::FaultChange;
use crate::local::config::Shim;
use crate::local::network::Network;
use crate::local::pods::{MemoryCharges, Pod, Pods, RemovedPod};
use crate::local::process::Spawner;
use crate::snapshot::PodStatus;
use crate::{NamespacedName, StageError};

/// The faults on the pods of a stage.
pub(crate) struct Faults {
    pub(super) stress: StressWorkers,
    /// When the fault on a pod's lookups ends.
    pub(super) dns: BTreeMap<NamespacedName, Instant>,
    /// When a pod that is held down comes up again.
    pod_failures: BTreeMap<NamespacedName, Instant>,
    pub(super) events: Events,
    /// Something that others can see has changed.
    pub(super) changed: bool,
}

impl Faults {
    /// `worker` is how a stress worker is started.
    pub(crate) fn new(worker: Shim, spawner: Spawner, events: Events) -> Self {
        Self {
            stress: StressWorkers::new(worker, spawner, events.clone()),
            dns: BTreeMap::new(),
            pod_failures: BTreeMap::new(),
            events,
            changed: false,
        }
    }

    /// Injects a fault, in place of an earlier one of the same id, or takes it off. A failure
    /// leaves nothing behind. Returns what had to be cut, a phrase each.
    pub(crate) async fn set(
        &mut self,
        change: FaultChange,
        pods: &mut Pods,
        network: &mut Network,
    ) -> Result<Vec<String>, StageError> {
        let FaultChange { target, id, fault, until } = change;
        let name = NamespacedName::new(&target.namespace, &target.pod);
        let pod = pods.get(&name).filter(|pod| pod.uid() == target.uid);
        let pod = pod.ok_or_else(|| StageError::not_found("Pod", &name))?;
        let container = pod.container_index(target.container.as_deref())?;
        self.changed = true;
        match (fault, until) {
            (Fault::PodKill { grace_seconds }, Some(_)) => {
                pods.terminate(&name, Duration::from_secs(grace_seconds))?;
            }
            (Fault::ContainerKill, Some(_)) => pods.kill_container(&name, container)?,
            (Fault::PodKill { .. } | Fault::ContainerKill, None) => {} // nothing is left to undo
            (Fault::PodFailure, until) => self.set_pod_failure(&name, until, pods)?,
            (Fault::Dns(dns), until) => {
                let fault = until.map(|until| (dns, until));
                self.set_dns(&name, fault, pods, network).await?;
            }
            (Fault::Http(http), until) => {
                let fault = until.map(|until| (http, until));
                self.set_http(pod, &id, fault, network)?;
            }
            (Fault::Network(rule), until) => {
                let fault = until.map(|until| (rule, until));
                return self.set_network(pod, &id, fault, pods, network);
            }
            (Fault::Stress(stress), until) => {
                let fault = until.map(|until| (stress, until));
                return self.stress.set(pod, &id, container, fault).await;
            }
        }
        Ok(Vec::new())
    }

    fn set_pod_failure(
        &mut self,
        pod: &NamespacedName,
        until: Option<Instant>,
        pods: &mut Pods,
    ) -> Result<(), StageError> {
        match until {
            Some(until) => {
                pods.hold_down(pod)?;
                self.pod_failures.insert(pod.clone(), until);
            }
            None => {
                pods.let_up(pod)?;
                self.pod_failures.remove(pod);
            }
        }
        Ok(())
    }

    /// Ends what has lapsed, and keeps stress going.
    pub(crate) async fn tick(&mut self, now: Instant, pods: &mut Pods, network: &mut Network) {
        for pod in lapsed(&self.pod_failures, now, pods) {
            if let Err(error) = self.set_pod_failure(&pod, None, pods) {
                self.events.warning("Failed", format!("Pod/{}", pod.name), error.to_string());
            }
        }
        for pod in lapsed(&self.dns, now, pods) {
            if let Err(error) = self.set_dns(&pod, None, pods, network).await {
                self.events.warning("Failed", format!("Pod/{}", pod.name), error.to_string());
            }
        }
        self.end_lapsed_traffic_faults(now, pods, network);
        self.changed |= self.stress.tick(now, pods).await;
    }

    /// The workers of stress, which count against the memory limits of the pods that they stress.
    pub(crate) fn memory_charges(&mut self) -> &mut impl MemoryCharges {
        &mut self.stress
    }

    /// Ends the faults of a pod that is gone.
    pub(crate) fn forget(&mut self, removed: &RemovedPod) {
        self.stress.forget(&removed.name);
        self.dns.remove(&removed.name);
        self.pod_failures.remove(&removed.name);
    }

    /// What a pod shows, with its faults.
    pub(crate) fn show(&self, pod: &Pod, network: &Network) -> PodStatus {
        let mut faults = self.stress.fault_names(pod.name());
        faults.extend(network.fault_names(pod.ip()));
        PodStatus { dns_fault: self.dns.contains_key(pod.name()), faults, ..pod.status() }
    }

    /// Whether something that others can see has changed since the last call.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }
}

/// The pods whose fault is over. One that is on its way out keeps it to its end.
fn lapsed(
    faults: &BTreeMap<NamespacedName, Instant>,
    now: Instant,
    pods: &Pods,
) -> Vec<NamespacedName> {
    let over = faults.iter().filter(|(pod, until)| **until <= now && pods.get(pod).is_some());
    over.map(|(pod, _)| pod.clone()).collect()
}

#[cfg(test)]
mod tests;
