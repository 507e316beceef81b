//! What happened to objects, in the words of Chaos Mesh.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::object::Owner;

/// Something that happened to an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Kind of the object.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its identity.
    pub uid: String,
    /// What made the object: the object itself may be gone.
    #[serde(flatten)]
    pub owner: Option<Owner>,
    /// How bad it is.
    #[serde(rename = "type")]
    pub severity: Severity,
    /// One word: `Applied`, `Failed`, `Spawned` ...
    pub reason: String,
    /// The part of the engine, or the controller, that says so.
    pub source: String,
    /// The sentence.
    pub message: String,
    /// How often it happened in a row.
    pub count: u32,
    /// The first time.
    pub first_timestamp: Timestamp,
    /// The last time.
    pub last_timestamp: Timestamp,
}

/// How bad an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Severity {
    /// All is as it should be.
    Normal,
    /// Something may need attention.
    Warning,
}
