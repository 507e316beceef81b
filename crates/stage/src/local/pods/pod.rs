//! One pod, as this stage keeps it.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::container::ContainerState;
use crate::local::process::Process;
use crate::manifest::{Labels, PodSpec, RestartPolicy};
use crate::snapshot::{Phase, PodStatus};
use crate::{NamespacedName, StageError};

/// The node that every pod of this stage runs on.
pub(super) const NODE: &str = "local";

/// One pod.
pub(crate) struct Pod {
    pub(super) name: NamespacedName,
    pub(super) uid: String,
    pub(super) labels: Labels,
    pub(super) annotations: Labels,
    /// `Deployment/<name>` or `Job/<name>`.
    pub(super) owner: String,
    /// Hash of the template it was made from.
    pub(super) hash: String,
    pub(super) ip: Ipv4Addr,
    pub(super) spec: PodSpec,
    /// Its folder: working directory, home and `resolv.conf`.
    pub(super) dir: PathBuf,
    /// As many as in `spec`, in the same order.
    pub(super) containers: Vec<ContainerState>,
    /// Asked to end; killed at this moment.
    pub(super) kill_at: Option<Instant>,
    /// Nothing in it runs, until it is let up again.
    pub(super) held_down: bool,
}

impl Pod {
    pub(crate) fn name(&self) -> &NamespacedName {
        &self.name
    }

    pub(crate) fn uid(&self) -> &str {
        &self.uid
    }

    pub(crate) fn labels(&self) -> &Labels {
        &self.labels
    }

    pub(crate) fn ip(&self) -> Ipv4Addr {
        self.ip
    }

    pub(crate) fn spec(&self) -> &PodSpec {
        &self.spec
    }

    /// Its folder, which goes with it.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where the container of this name stands; the first one when none is named.
    pub(crate) fn container_index(&self, name: Option<&str>) -> Result<usize, StageError> {
        let Some(name) = name else {
            return Ok(0);
        };
        let found = self.spec.containers.iter().position(|container| container.name == name);
        found.ok_or_else(|| {
            StageError::not_found("container", &NamespacedName::new(&self.name.name, name))
        })
    }

    /// The first process of each container that runs.
    pub(crate) fn pids(&self) -> impl Iterator<Item = i32> {
        self.containers.iter().filter_map(|c| c.process.as_ref()).map(Process::pid)
    }

    /// `Pod/<name>`, for events.
    pub(crate) fn object(&self) -> String {
        format!("Pod/{}", self.name.name)
    }

    /// Whether it was asked to end.
    pub(crate) fn terminating(&self) -> bool {
        self.kill_at.is_some()
    }

    /// Whether Services send it traffic.
    pub(crate) fn ready(&self) -> bool {
        !self.terminating() && !self.held_down && self.containers.iter().all(ContainerState::ready)
    }

    /// Whether all its containers have ended for good.
    pub(crate) fn finished(&self) -> bool {
        matches!(self.phase(), Phase::Succeeded | Phase::Failed)
    }

    /// Whether this Deployment or Job made it.
    pub(super) fn is_owned_by(&self, kind: &str, owner: &NamespacedName) -> bool {
        self.name.namespace == owner.namespace
            && self.owner.split_once('/') == Some((kind, owner.name.as_str()))
    }

    /// Whether a container that ended with `code` is started again.
    pub(super) fn restarts(&self, code: i32) -> bool {
        let policy = match self.spec.restart_policy {
            RestartPolicy::Always => true,
            RestartPolicy::OnFailure => code != 0,
            RestartPolicy::Never => false,
        };
        policy && !self.terminating() && !self.held_down
    }

    pub(super) fn phase(&self) -> Phase {
        let all = |test: fn(&ContainerState) -> bool| self.containers.iter().all(test);
        if all(|c| c.life == 0) {
            Phase::Pending
        } else if self.held_down || !all(ContainerState::finished) {
            Phase::Running
        } else if all(|c| c.last_exit.as_ref().is_some_and(|exit| exit.code == 0)) {
            Phase::Succeeded
        } else {
            Phase::Failed
        }
    }

    pub(super) fn has_processes(&self) -> bool {
        self.containers.iter().any(|c| c.process.is_some())
    }

    /// What it shows, except for its faults, which `chaos` knows.
    pub(crate) fn status(&self) -> PodStatus {
        let containers = self.spec.containers.iter().zip(&self.containers);
        PodStatus {
            name: self.name.name.clone(),
            namespace: self.name.namespace.clone(),
            uid: self.uid.clone(),
            labels: self.labels.clone(),
            annotations: self.annotations.clone(),
            owner: self.owner.clone(),
            ip: Some(self.ip.into()),
            node: NODE.to_owned(),
            phase: self.phase(),
            ready: self.ready(),
            terminating: self.terminating(),
            held_down: self.held_down,
            dns_fault: false,
            faults: Vec::new(),
            containers: containers.map(|(spec, state)| state.status(spec)).collect(),
        }
    }
}
