//! What a stage looks like at one moment, for `tale status`, selectors and promises.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::NamespacedName;
use crate::event::Event;
use crate::manifest::Labels;

/// A stage at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The stage's network, such as `127.1.0.0/16`.
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
    /// Its own loopback address.
    pub ip: Ipv4Addr,
    /// Where it is in its life.
    pub phase: Phase,
    /// Whether Services send it traffic.
    pub ready: bool,
    /// Whether it was told to end.
    pub terminating: bool,
    /// Whether its containers are held down by `fail_pod`.
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
}

/// One process of a pod.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContainerStatus {
    /// Its name.
    pub name: String,
    /// Its process, while it runs.
    pub pid: Option<i32>,
    /// Why it does not run: `ContainerCreating`, `CrashLoopBackOff`, `PodFailure`, `Completed`,
    /// `Error`.
    pub waiting: Option<String>,
    /// Whether its readiness probe is content.
    pub ready: bool,
    /// How often it was started again.
    pub restart_count: u32,
    /// How it ended last.
    pub last_exit: Option<Exit>,
    /// Resident bytes at the last look; only for containers with a memory limit.
    pub rss_bytes: Option<u64>,
    /// Where its output goes; `<name>.previous.log` beside it holds the life before.
    pub log: PathBuf,
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
    pub ip: Option<Ipv4Addr>,
    /// Its ports.
    pub ports: Vec<u16>,
    /// Addresses of the ready pods behind it.
    pub ready: Vec<Ipv4Addr>,
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

impl Snapshot {
    /// The pod of that name.
    pub fn pod(&self, name: &NamespacedName) -> Option<&PodStatus> {
        self.pods.iter().find(|p| p.namespace == name.namespace && p.name == name.name)
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
