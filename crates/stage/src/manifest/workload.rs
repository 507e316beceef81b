//! What runs pods: Deployment and Job.

use serde::{Deserialize, Serialize};

use super::{IntOrString, LabelSelector, Metadata, PodTemplate};

/// `apps/v1` Deployment.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// Name, namespace, labels.
    pub metadata: Metadata,
    /// What it keeps running.
    pub spec: DeploymentSpec,
}

/// What a Deployment keeps running.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DeploymentSpec {
    /// Pods wanted.
    #[serde(default = "single")]
    pub replicas: u32,
    /// Must match the template's labels.
    pub selector: LabelSelector,
    /// What each pod runs.
    pub template: PodTemplate,
    /// How a changed template is rolled out.
    #[serde(default)]
    pub strategy: Strategy,
}

/// How a changed template is rolled out.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Strategy {
    /// Rolling or all at once.
    #[serde(default, rename = "type")]
    pub kind: StrategyKind,
    /// Bounds of a rolling update.
    #[serde(default)]
    pub rolling_update: RollingUpdate,
}

/// Rolling or all at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
pub enum StrategyKind {
    /// New pods come as old ones go.
    #[default]
    RollingUpdate,
    /// All old pods end before the first new one starts.
    Recreate,
}

/// Bounds of a rolling update.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RollingUpdate {
    /// Pods above `replicas` (number or percentage, rounded up).
    #[serde(default = "quarter")]
    pub max_surge: IntOrString,
    /// Pods below `replicas` (number or percentage, rounded down).
    #[serde(default = "quarter")]
    pub max_unavailable: IntOrString,
}

impl Default for RollingUpdate {
    fn default() -> Self {
        Self { max_surge: quarter(), max_unavailable: quarter() }
    }
}

/// `batch/v1` Job.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Name, namespace, labels.
    pub metadata: Metadata,
    /// What it runs to its end.
    pub spec: JobSpec,
}

/// What a Job runs to its end.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct JobSpec {
    /// Pods at the same time.
    #[serde(default = "single")]
    pub parallelism: u32,
    /// Pods that must succeed; as many as `parallelism` when left out.
    #[serde(default)]
    pub completions: Option<u32>,
    /// Failed pods before the Job gives up.
    #[serde(default = "six")]
    pub backoff_limit: u32,
    /// What each pod runs.
    pub template: PodTemplate,
}

fn single() -> u32 {
    1
}
fn six() -> u32 {
    6
}
fn quarter() -> IntOrString {
    IntOrString::Text("25%".into())
}
