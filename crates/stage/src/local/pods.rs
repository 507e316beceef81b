//! The pods of a local stage, and what makes them: Deployments, Jobs, and the ConfigMaps that their
//! programs read.
//!
//! [`Pods`] owns all of it. It knows neither Services nor monitoring nor chaos: those look at its
//! pods and act on them through its methods. A pod's way: `reconcile` (one is missing), `lifecycle`
//! (created, started, ended, reaped), `images` (there, or pulled), `launch` (from a container to a
//! process), `probing` (ready or not).

mod backoff;
mod container;
mod environment;
mod images;
mod launch;
mod lifecycle;
mod logs;
mod memory;
mod naming;
mod pod;
mod probe;
mod probing;
mod reconcile;
mod resolv_conf;
mod rollout;
mod status;
mod validate;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use slo::Clock;
use tokio::task::JoinSet;

use super::address::Pool;
use super::config::Config;
use super::images::Images;
use super::process::Spawner;
use crate::event::Events;
use crate::manifest::{ConfigMap, Deployment, Job, ManifestError, Manifests};
use crate::{NamespacedName, StageError};

pub(crate) use launch::{POD_NICE, POD_OOM_SCORE};
pub(crate) use memory::MemoryCharges;
pub(crate) use pod::Pod;

use probing::ProbeResult;

/// How often memory limits are enforced.
const MEMORY_EVERY: Duration = Duration::from_millis(250);
/// How often logs are kept from filling the disk.
const LOGS_EVERY: Duration = Duration::from_secs(10);

/// The pods of a stage and what they are made from.
pub(crate) struct Pods {
    clock: Clock,
    /// Where programs are looked for.
    program_dirs: Vec<PathBuf>,
    state_dir: PathBuf,
    /// Cluster DNS, as a new pod's `resolv.conf` names it.
    nameserver: SocketAddrV4,
    addresses: Pool,
    spawner: Spawner,
    events: Events,
    pods: BTreeMap<NamespacedName, Pod>,
    deployments: BTreeMap<NamespacedName, Deployment>,
    jobs: BTreeMap<NamespacedName, Job>,
    /// Jobs that are over: complete, or given up.
    job_outcomes: BTreeMap<NamespacedName, bool>,
    config_maps: BTreeMap<NamespacedName, ConfigMap>,
    images: Images,
    /// Probe attempts under way.
    probes: JoinSet<ProbeResult>,
    memory_due: Instant,
    logs_due: Instant,
    /// Something that others can see has changed.
    changed: bool,
}

/// A pod that has left the stage.
pub(crate) struct RemovedPod {
    pub(crate) name: NamespacedName,
    pub(crate) ip: Ipv4Addr,
}

impl Pods {
    pub(crate) fn new(
        config: &Config,
        addresses: Pool,
        nameserver: SocketAddrV4,
        spawner: Spawner,
        images: Images,
        events: Events,
    ) -> Self {
        Self {
            clock: config.clock,
            program_dirs: config.program_dirs.clone(),
            state_dir: config.state_dir.clone(),
            nameserver,
            addresses,
            spawner,
            events,
            pods: BTreeMap::new(),
            deployments: BTreeMap::new(),
            jobs: BTreeMap::new(),
            job_outcomes: BTreeMap::new(),
            config_maps: BTreeMap::new(),
            images,
            probes: JoinSet::new(),
            memory_due: Instant::now(),
            logs_due: Instant::now(),
            changed: false,
        }
    }

    /// Takes in what has ended and does what is due. Returns the pods that are gone since the last
    /// time. `charges` knows what else counts against memory limits.
    pub(crate) async fn tick(
        &mut self,
        now: Instant,
        charges: &mut impl MemoryCharges,
    ) -> Vec<RemovedPod> {
        let removed = self.reap(now);
        self.kill_overdue(now);
        if now >= self.memory_due {
            self.enforce_memory(charges);
            self.memory_due = now + MEMORY_EVERY;
        }
        if now >= self.logs_due {
            self.bound_logs();
            self.logs_due = now + LOGS_EVERY;
        }
        self.take_pulls(now);
        self.reconcile();
        self.start_due(now).await;
        self.start_probes(now);
        removed
    }

    /// Whether all objects could be applied.
    pub(crate) fn check(&self, manifests: &Manifests) -> Result<(), ManifestError> {
        validate::check(manifests, &self.program_dirs, &self.config_maps, &self.jobs)
    }

    /// Takes in what `manifests` say about pods; [`Self::reconcile`] then moves towards it.
    pub(crate) fn apply(&mut self, manifests: &Manifests) {
        let maps = manifests.config_maps.iter().map(|map| &map.object);
        self.config_maps.extend(maps.map(|map| (map.metadata.namespaced_name(), map.clone())));
        let deployments = manifests.deployments.iter().map(|deployment| &deployment.object);
        self.deployments.extend(deployments.map(|d| (d.metadata.namespaced_name(), d.clone())));
        let jobs = manifests.jobs.iter().map(|job| &job.object);
        self.jobs.extend(jobs.map(|job| (job.metadata.namespaced_name(), job.clone())));
        self.changed = true;
    }

    /// `kubectl set env`: a new template, so a roll-out.
    pub(crate) fn set_env(
        &mut self,
        name: &NamespacedName,
        env: &BTreeMap<String, String>,
    ) -> Result<(), StageError> {
        let deployment = self.deployments.get_mut(name);
        let deployment = deployment.ok_or_else(|| StageError::not_found("Deployment", name))?;
        for container in &mut deployment.spec.template.spec.containers {
            container.set_env(env);
        }
        self.changed = true;
        Ok(())
    }

    /// The pods that are there, by namespace and name; also those that are on their way out.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Pod> {
        self.pods.values()
    }

    /// A pod that is not on its way out.
    pub(crate) fn get(&self, name: &NamespacedName) -> Option<&Pod> {
        self.pods.get(name).filter(|pod| !pod.terminating())
    }

    /// The same to act on, or the error that names it.
    fn living(&mut self, name: &NamespacedName) -> Result<&mut Pod, StageError> {
        let pod = self.pods.get_mut(name).filter(|pod| !pod.terminating());
        pod.ok_or_else(|| StageError::not_found("Pod", name))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pods.is_empty()
    }

    /// Whether something that others can see has changed since the last call.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }
}

#[cfg(test)]
mod tests;
