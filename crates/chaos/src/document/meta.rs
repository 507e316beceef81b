//! The part of Kubernetes' object metadata that a file may hold.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fields::name::{generated, is_label, is_subdomain};
use crate::fields::problem::Problem;
use crate::fields::read::{extend, read};

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

    /// Reads `metadata`. What only the API server writes has been taken out before.
    pub(super) fn parse(metadata: &Value, problems: &mut Vec<Problem>) -> Option<Written> {
        let mut metadata = metadata.clone();
        let base = take_generate_name(&mut metadata, problems);
        let meta: Self = read(&metadata, "metadata", problems)?;
        let mut own = Vec::new();
        if !is_subdomain(&meta.name, 253) {
            let name = base.as_ref().unwrap_or(&meta.name);
            own.push(Problem::new(
                if base.is_some() { "generateName" } else { "name" },
                format!("`{name}` is not a name; use lower-case letters, digits, `-` and `.`"),
            ));
        }
        if !is_label(&meta.namespace) {
            own.push(Problem::new(
                "namespace",
                format!(
                    "`{}` is not a namespace; use lower-case letters, digits and `-`, at most 63",
                    meta.namespace
                ),
            ));
        }
        if meta.annotations.contains_key(CLEAN_FINALIZER_ANNOTATION) {
            own.push(Problem::new(
                format!("annotations.{CLEAN_FINALIZER_ANNOTATION}"),
                "would leave the fault behind; this stage always recovers, so remove the annotation",
            ));
        }
        extend(problems, own, "metadata");
        Some(Written { meta, generated: base.is_some() })
    }
}

/// Metadata as a file has it.
pub(super) struct Written {
    pub(super) meta: ObjectMeta,
    /// The name was made from `generateName`: another one each time.
    pub(super) generated: bool,
}

/// Fields that the API server writes, and people copy with the rest.
const SERVERS: [&str; 10] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generation",
    "managedFields",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Takes out what the API server would write itself, whatever a file says: `status`, and the like
/// of `metadata.uid`. People copy it with the rest.
pub fn drop_what_servers_write(object: &mut Value) {
    if let Value::Object(fields) = object {
        fields.remove("status");
    }
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        metadata.retain(|field, _| !SERVERS.contains(&field.as_str()));
    }
}

/// The API server drops fields without a value, and so do generators of YAML expect it to.
pub fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// Puts a name in the place of `generateName`, unless there is a name; returns the base of it.
fn take_generate_name(metadata: &mut Value, problems: &mut Vec<Problem>) -> Option<String> {
    let fields = metadata.as_object_mut()?;
    let Value::String(base) = fields.remove("generateName")? else {
        let why = "is not a text; write for example kill-";
        problems.push(Problem::new("metadata.generateName", why));
        return None;
    };
    if fields.get("name").is_some_and(|name| name != "") {
        return None;
    }
    fields.insert("name".to_owned(), generated(&base, &mut rand::rng()).into());
    Some(base)
}
