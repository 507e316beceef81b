//! What a stage looks like at one moment, for `tale status`, selectors and promises.

use std::net::IpAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::NamespacedName;
use crate::event::Event;
use crate::manifest::Labels;

/// A stage at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The network that a local stage has claimed, such as `127.1.0.0/16`; empty on a cluster.
    pub network: String,
    /// Pods, by namespace and name.
    pub pods: Vec<PodStatus>,
    /// Deployments, by namespace and name.
    pub deployments: Vec<DeploymentStatus>,
    /// Jobs, by namespace and name.
    pub jobs: Vec<JobStatus>,
    /// Services, by namespace and name.
    pub services: Vec<ServiceStatus>,
    /// Prometheus and Alertmanager.
    pub backends: Vec<BackendStatus>,
    /// Kinds and fields that only mean something in a cluster.
    pub not_applied: Vec<String>,
    /// What happened lately, oldest first.
    pub events: Vec<Event>,
}

/// One pod.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PodStatus {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Unique for ever.
    pub uid: String,
    /// Labels, with `pod-template-hash`.
    pub labels: Labels,
    /// Annotations.
    pub annotations: Labels,
    /// `Deployment/<name>` or `Job/<name>`.
    pub owner: String,
    /// Its own address, once it has one.
    pub ip: Option<IpAddr>,
    /// The node it runs on: `local` on a laptop.
    pub node: String,
    /// Where it is in its life.
    pub phase: Phase,
    /// Whether Services send it traffic.
    pub ready: bool,
    /// Whether it was asked to end.
    pub terminating: bool,
    /// Whether a pod failure holds its containers down.
    pub held_down: bool,
    /// Whether its name lookups are under a fault.
    pub dns_fault: bool,
    /// Its other faults, as `http/ID`, `network/ID` or `stress/ID`; ID names the experiment.
    pub faults: Vec<String>,
    /// Its processes.
    pub containers: Vec<ContainerStatus>,
}

/// Where a pod is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// No container was started yet.
    Pending,
    /// At least one container runs or will be restarted.
    Running,
    /// All ended with code 0 and none will be restarted.
    Succeeded,
    /// All ended, one of them badly, and none will be restarted.
    Failed,
    /// Its node does not answer; never on the local stage.
    Unknown,
}

/// One process of a pod.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContainerStatus {
    /// Its name.
    pub name: String,
    /// The ports that it declares.
    #[serde(default)]
    pub ports: Vec<u16>,
    /// Its process, while it runs.
    pub pid: Option<i32>,
    /// Why it does not run: `ContainerCreating`, `ErrImagePull`, `ImagePullBackOff`,
    /// `ErrImageNeverPull`, `CrashLoopBackOff`, `PodFailure`, `Completed`, `Error`.
    pub waiting: Option<String>,
    /// Whether it runs and its readiness probe succeeds.
    pub ready: bool,
    /// How often it was started again.
    pub restart_count: u32,
    /// How it ended last.
    pub last_exit: Option<Exit>,
    /// Resident bytes at the last look; only for containers with a memory limit.
    pub rss_bytes: Option<u64>,
    /// The file that its output goes to, if it goes to one; `<name>.previous.log` beside it holds
    /// the life before.
    pub log: Option<PathBuf>,
}

/// How a container ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// `Completed`, `Error` or `OOMKilled`.
    pub reason: String,
    /// Exit code; 128 + signal number when a signal ended it.
    pub code: i32,
}

/// One Deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentStatus {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Pods wanted.
    pub replicas: u32,
    /// Pods of the current template.
    pub updated: u32,
    /// Ready pods, of any template.
    pub ready: u32,
    /// Ready pods of the current template.
    pub updated_ready: u32,
    /// All pods that are not terminating.
    pub total: u32,
}

impl DeploymentStatus {
    /// Whether the current template is fully rolled out and ready.
    pub fn complete(&self) -> bool {
        self.updated_ready == self.replicas && self.total == self.replicas
    }
}

/// One Job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobStatus {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Pods that run.
    pub active: u32,
    /// Pods that ended well.
    pub succeeded: u32,
    /// Pods that ended badly.
    pub failed: u32,
    /// `Some(true)` when it is complete, `Some(false)` when it gave up.
    pub outcome: Option<bool>,
}

/// One Service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceStatus {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its address; none when it is headless.
    pub ip: Option<IpAddr>,
    /// Its ports.
    pub ports: Vec<u16>,
    /// Addresses of the ready pods behind it.
    pub ready: Vec<IpAddr>,
}

/// Prometheus or Alertmanager.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackendStatus {
    /// `prometheus` or `alertmanager`.
    pub name: String,
    /// Where it answers.
    pub url: String,
    /// How it ended, if it did: then nothing can be judged any more.
    pub died: Option<String>,
}

impl From<&PodStatus> for chaos::target::Pod {
    /// A pod as the selectors of chaos see it.
    fn from(pod: &PodStatus) -> Self {
        Self {
            namespace: pod.namespace.clone(),
            name: pod.name.clone(),
            labels: pod.labels.clone(),
            annotations: pod.annotations.clone(),
            phase: format!("{:?}", pod.phase),
            ip: pod.ip.map(|ip| ip.to_string()).unwrap_or_default(),
            node: pod.node.clone(),
            containers: pod.containers.iter().map(|container| container.name.clone()).collect(),
            ports: pod.containers.iter().flat_map(|container| container.ports.clone()).collect(),
            uid: pod.uid.clone(),
        }
    }
}

impl Snapshot {
    /// The pods that chaos can select: those that are not terminating.
    pub fn selectable(&self) -> Vec<chaos::target::Pod> {
        self.pods.iter().filter(|pod| !pod.terminating).map(Into::into).collect()
    }

    /// The pod of that name.
    pub fn pod(&self, name: &NamespacedName) -> Option<&PodStatus> {
        self.pods.iter().find(|p| p.namespace == name.namespace && p.name == name.name)
    }

    /// The pods of a Deployment that are ready and stay.
    pub fn ready_pods_of(&self, deployment: &NamespacedName) -> impl Iterator<Item = &PodStatus> {
        let owner = format!("Deployment/{}", deployment.name);
        self.pods.iter().filter(move |pod| {
            let own = pod.owner == owner && pod.namespace == deployment.namespace;
            own && pod.ready && !pod.terminating
        })
    }

    /// The Deployment of that name.
    pub fn deployment(&self, name: &NamespacedName) -> Option<&DeploymentStatus> {
        self.deployments.iter().find(|d| d.namespace == name.namespace && d.name == name.name)
    }

    /// The Service of that name.
    pub fn service(&self, name: &NamespacedName) -> Option<&ServiceStatus> {
        self.services.iter().find(|s| s.namespace == name.namespace && s.name == name.name)
    }

    /// Pods of a Deployment that are not terminating.
    pub fn pods_of(&self, deployment: &NamespacedName) -> Vec<&PodStatus> {
        let owner = format!("Deployment/{}", deployment.name);
        let mine = |pod: &&PodStatus| pod.namespace == deployment.namespace && pod.owner == owner;
        self.pods.iter().filter(mine).filter(|pod| !pod.terminating).collect()
    }
}
