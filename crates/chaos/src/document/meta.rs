//! The part of Kubernetes' object metadata that a file may hold.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fields::name::is_subdomain;
use crate::fields::problem::Problem;
use crate::fields::read::read;

/// The annotation that pauses an experiment or a Schedule when its value is the text `true`.
pub const PAUSE_ANNOTATION: &str = "experiment.chaos-mesh.org/pause";

/// Chaos Mesh drops an object without recovery when this is `forced`; a local stage always
/// recovers.
const CLEAN_FINALIZER_ANNOTATION: &str = "chaos-mesh.chaos-mesh.org/cleanFinalizer";

/// Name, namespace, labels and annotations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectMeta {
    /// Unique within kind and namespace.
    pub name: String,
    /// The namespace, `default` when omitted.
    #[serde(default = "default_namespace")]
    pub namespace: String,
    /// Labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

fn default_namespace() -> String {
    "default".to_owned()
}

impl ObjectMeta {
    /// Is the object paused? Only the text `true` counts.
    #[must_use]
    pub fn paused(&self) -> bool {
        self.annotations.get(PAUSE_ANNOTATION).is_some_and(|value| value == "true")
    }

    pub(super) fn parse(metadata: &Value, problems: &mut Vec<Problem>) -> Option<Self> {
        let meta: Self =
            read(metadata, "metadata").map_err(|problem| problems.push(problem)).ok()?;
        if !is_subdomain(&meta.name, 253) {
            problems.push(Problem::new(
                "metadata.name",
                format!(
                    "`{}` is not a name; use lower-case letters, digits, `-` and `.`",
                    meta.name
                ),
            ));
        }
        if meta.namespace.contains('.') || !is_subdomain(&meta.namespace, 63) {
            problems.push(Problem::new(
                "metadata.namespace",
                format!(
                    "`{}` is not a namespace; use lower-case letters, digits and `-`",
                    meta.namespace
                ),
            ));
        }
        if meta.annotations.contains_key(CLEAN_FINALIZER_ANNOTATION) {
            problems.push(Problem::new(
                format!("metadata.annotations.{CLEAN_FINALIZER_ANNOTATION}"),
                "would leave the fault behind; this stage always recovers, so remove the annotation",
            ));
        }
        Some(meta)
    }
}
