//! Whom chaos can hit: the pods of a stage, and the pod or container that one record is about.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A pod as the selectors see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pod {
    /// Namespace.
    pub namespace: String,
    /// Name, unique in its namespace.
    pub name: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    pub phase: String,
    /// The pod's address.
    pub ip: String,
    /// The node it runs on.
    pub node: String,
    /// Container names, in manifest order.
    pub containers: Vec<String>,
    /// The ports that its containers declare; it may listen on others, too, if it declares none.
    pub ports: Vec<u16>,
    /// Changes when the pod is replaced by another of the same name.
    pub uid: String,
}

/// The pod, or the container of a pod, that one record of an experiment is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Namespace of the pod.
    pub namespace: String,
    /// Name of the pod.
    pub pod: String,
    /// The pod's identity when it was selected: a successor of the same name is another pod.
    pub uid: String,
    /// The container, for faults that act on containers.
    pub container: Option<String>,
}

impl fmt::Display for Target {
    /// The record id of Chaos Mesh: `namespace/pod` or `namespace/pod/container`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.namespace, self.pod)?;
        self.container.iter().try_for_each(|container| write!(out, "/{container}"))
    }
}
