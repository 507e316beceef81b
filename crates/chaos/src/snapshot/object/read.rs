//! Reads an [`Object`] in the shape that it is written in, or as the Kubernetes API shows it.
//!
//! The API keeps uid, times, finalizers and owners below `metadata`. Fields that are not known are
//! ignored: a server adds more with each version.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{Object, Owner, Status};
use crate::document::ObjectMeta;
use crate::kinds;

/// Both shapes at once.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    kind: String,
    metadata: RawMetadata,
    #[serde(flatten)]
    flat: Identity,
    #[serde(flatten)]
    owner: Option<Owner>,
    #[serde(default)]
    spec: Value,
    #[serde(default)]
    mechanism: String,
    #[serde(default)]
    status: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMetadata {
    name: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    #[serde(flatten)]
    nested: Identity,
    #[serde(default)]
    owner_references: Vec<OwnerReference>,
}

/// What the API has below `metadata`, and the flat shape beside it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    uid: Option<String>,
    creation_timestamp: Option<Timestamp>,
    deletion_timestamp: Option<Timestamp>,
    finalizers: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct OwnerReference {
    kind: String,
    name: String,
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Raw { kind, metadata, flat, owner, spec, mechanism, status } =
            Raw::deserialize(deserializer)?;
        let nested = metadata.nested;
        let reference = metadata.owner_references.into_iter().next();
        let reference = reference.map(|owner| Owner { name: owner.name, kind: owner.kind });
        Ok(Self {
            status: read_status(&kind, status).map_err(D::Error::custom)?,
            kind,
            metadata: ObjectMeta {
                name: metadata.name,
                namespace: metadata.namespace,
                labels: metadata.labels,
                annotations: metadata.annotations,
            },
            uid: flat.uid.or(nested.uid).ok_or_else(|| D::Error::missing_field("uid"))?,
            creation_timestamp: flat
                .creation_timestamp
                .or(nested.creation_timestamp)
                .ok_or_else(|| D::Error::missing_field("creationTimestamp"))?,
            deletion_timestamp: flat.deletion_timestamp.or(nested.deletion_timestamp),
            finalizers: flat.finalizers.or(nested.finalizers).unwrap_or_default(),
            owner: owner.or(reference),
            spec,
            mechanism,
        })
    }
}

/// The kind decides, not the fields: a fresh object has none yet.
fn read_status(kind: &str, status: Value) -> Result<Status, String> {
    match kind {
        kinds::SCHEDULE => read(status).map(Status::Schedule),
        kinds::WORKFLOW => read(status).map(Status::Workflow),
        kinds::STATUS_CHECK => read(status).map(Status::StatusCheck),
        _ => read(status).map(Status::Experiment),
    }
}

fn read<T: DeserializeOwned + Default>(status: Value) -> Result<T, String> {
    if status.is_null() {
        return Ok(T::default());
    }
    serde_path_to_error::deserialize(status).map_err(|error| format!("status.{error}"))
}
