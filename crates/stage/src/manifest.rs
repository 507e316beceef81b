//! Kubernetes YAML, parsed strictly: a stage acts on a field, reports it as not applied, or refuses
//! it.

mod alerting;
mod error;
mod files;
mod load;
mod meta;
mod monitoring;
mod named;
pub mod names;
mod network;
mod not_applied;
mod pod;
mod probing;
mod values;
mod workload;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::NamespacedName;

pub use alerting::{
    AlertmanagerConfig, AlertmanagerConfigSpec, InhibitRule, MatchType, Matcher, Receiver, Route,
};
pub use error::{FieldError, ManifestError};
pub use meta::{LabelSelector, Labels, Metadata, Operator, Requirement, includes};
pub use monitoring::{
    Endpoint, NamespaceSelector, PrometheusRule, PrometheusRuleSpec, Rule, RuleGroup,
    ServiceMonitor, ServiceMonitorSpec,
};
pub use network::{ConfigMap, Service, ServiceKind, ServicePort, ServiceSpec};
pub use not_applied::KINDS as KINDS_NOT_APPLIED;
pub use pod::{
    Container, ContainerPort, DnsConfig, DnsOption, EnvFrom, EnvVar, FieldRef, HttpGet, KeyRef,
    Lifecycle, Limits, MapRef, PodSpec, PodTemplate, PreStop, Probe, Protocol, PullPolicy,
    Resources, RestartPolicy, Sleep, TcpSocket, ValueFrom, Volume, VolumeMount,
};
pub(crate) use probing::Target;
pub use probing::{BlackBoxProbe, ProbeSpec, ProbeTargets, StaticTargets};
pub use values::{IntOrString, cpu_millis, memory_bytes, prometheus_duration};
pub use workload::{
    Deployment, DeploymentSpec, Job, JobSpec, RollingUpdate, Strategy, StrategyKind,
};

/// Where an object was read, for messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// The file.
    pub file: PathBuf,
    /// Which document in it, from 1.
    pub document: usize,
    /// `Kind/name`.
    pub object: String,
}

/// An object and where it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Sourced<T> {
    /// The object.
    pub object: T,
    /// Where it was read.
    pub source: Source,
}

/// Everything that was read, by kind, in file order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Manifests {
    /// Deployments.
    pub deployments: Vec<Sourced<Deployment>>,
    /// Jobs.
    pub jobs: Vec<Sourced<Job>>,
    /// Services.
    pub services: Vec<Sourced<Service>>,
    /// ConfigMaps.
    pub config_maps: Vec<Sourced<ConfigMap>>,
    /// ServiceMonitors.
    pub service_monitors: Vec<Sourced<ServiceMonitor>>,
    /// Probes.
    pub probes: Vec<Sourced<BlackBoxProbe>>,
    /// PrometheusRules.
    pub prometheus_rules: Vec<Sourced<PrometheusRule>>,
    /// AlertmanagerConfigs.
    pub alertmanager_configs: Vec<Sourced<AlertmanagerConfig>>,
    /// Kinds and fields that only mean something in a cluster, one line each.
    pub not_applied: Vec<String>,
}

/// A file of YAML as it is: what `kubectl apply` would send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Its name, for messages.
    pub name: String,
    /// Its text.
    pub text: String,
}

impl SourceFile {
    /// Reads files and folders (all `*.yaml` and `*.yml` in a folder except `kustomization.yaml`;
    /// not its subfolders).
    ///
    /// # Errors
    /// The first file or folder that cannot be read, or holds nothing.
    pub fn load<P: AsRef<Path>>(paths: &[P]) -> Result<Vec<Self>, ManifestError> {
        let mut files = Vec::new();
        for path in paths {
            files.extend(files::read(path.as_ref())?);
        }
        Ok(files)
    }

    /// Standard input, to its end: what `-` means in the place of a file.
    ///
    /// # Errors
    /// It cannot be read, or somebody takes too long to write it.
    pub fn standard_input() -> Result<Self, ManifestError> {
        files::read_input()
    }
}

impl Manifests {
    /// Reads all documents of all files.
    ///
    /// # Errors
    /// The first file, document and field that this stage refuses.
    pub fn read(files: &[SourceFile]) -> Result<Self, ManifestError> {
        let mut all = Self::default();
        for file in files {
            load::text(Path::new(&file.name), &file.text, &mut all)?;
        }
        Ok(all)
    }

    /// Reads the YAML documents in `text`; `file` is only for messages.
    ///
    /// # Errors
    /// The first document and field that this stage refuses.
    pub fn parse(file: impl Into<PathBuf>, text: &str) -> Result<Self, ManifestError> {
        let mut all = Self::default();
        load::text(&file.into(), text, &mut all)?;
        Ok(all)
    }

    /// The names of the Deployments.
    pub fn deployment_names(&self) -> Vec<NamespacedName> {
        let deployments = self.deployments.iter();
        deployments.map(|deployment| deployment.object.metadata.namespaced_name()).collect()
    }

    /// Sets variables in the containers of all Deployments.
    pub(crate) fn set_env(&mut self, env: &BTreeMap<String, String>) {
        for deployment in &mut self.deployments {
            let containers = &mut deployment.object.spec.template.spec.containers;
            containers.iter_mut().for_each(|container| container.set_env(env));
        }
    }
}
