//! How a Schedule is doing.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

/// How a Schedule is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleStatus {
    /// The names of its experiments, finished ones included while they are kept.
    #[serde(default, deserialize_with = "names")]
    pub active: Vec<String>,
    /// When it last made one.
    pub time: Option<Timestamp>,
}

/// Kubernetes lists references to objects; of each only the name is kept.
fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Entry {
        Name(String),
        Reference { name: String },
    }
    let entries: Option<Vec<Entry>> = Deserialize::deserialize(deserializer)?;
    let name = |entry| match entry {
        Entry::Name(name) | Entry::Reference { name } => name,
    };
    Ok(entries.into_iter().flatten().map(name).collect())
}
