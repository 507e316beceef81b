//! Facts about an object, as Kubernetes writes them.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A fact about an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// `Selected`, `AllInjected`, `AllRecovered`, `Paused`, `Accomplished`, `Completed` ...
    #[serde(rename = "type")]
    pub kind: String,
    /// Written as Kubernetes does: `True` or `False`. `Unknown` is read as false.
    #[serde(serialize_with = "write_status", deserialize_with = "read_status")]
    pub status: bool,
    /// Why, in one word; often empty. Experiments have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn write_status<S: Serializer>(status: &bool, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(if *status { "True" } else { "False" })
}

fn read_status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(String::deserialize(deserializer)? == "True")
}
