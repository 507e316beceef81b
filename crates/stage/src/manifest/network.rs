//! How pods are reached and configured: Service and ConfigMap.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{IntOrString, Labels, Metadata, Protocol};

/// `v1` Service.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Name, namespace, labels.
    pub metadata: Metadata,
    /// Whom it stands for.
    pub spec: ServiceSpec,
}

/// Whom a Service stands for.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ServiceSpec {
    /// Labels of its pods.
    pub selector: Labels,
    /// Its ports.
    #[serde(default)]
    pub ports: Vec<ServicePort>,
    /// `None` makes it headless: its name resolves to the ready pods' own addresses.
    #[serde(default, rename = "clusterIP")]
    pub cluster_ip: Option<String>,
    /// Only `ClusterIP` exists on this stage.
    #[serde(default, rename = "type")]
    pub kind: ServiceKind,
}

/// Kind of Service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
pub enum ServiceKind {
    /// One address inside the cluster.
    #[default]
    ClusterIP,
}

/// One port of a Service.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ServicePort {
    /// What a ServiceMonitor calls it.
    #[serde(default)]
    pub name: Option<String>,
    /// The port on the Service's address.
    pub port: u16,
    /// Number or name of the container port; `port` when left out.
    #[serde(default)]
    pub target_port: Option<IntOrString>,
    /// `TCP` or `UDP`.
    #[serde(default)]
    pub protocol: Protocol,
}

impl Service {
    /// Whether clients get the pods' own addresses.
    pub fn headless(&self) -> bool {
        self.spec.cluster_ip.as_deref() == Some("None")
    }
}

/// `v1` ConfigMap.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigMap {
    /// Name, namespace, labels.
    pub metadata: Metadata,
    /// Keys and their text.
    #[serde(default)]
    pub data: BTreeMap<String, String>,
}
