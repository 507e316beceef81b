//! Values pinned by one run for the runs after it.
//!
//! A pinned baseline cannot drift: comparing each build with the one before would let ten builds in
//! a row add 10 % each.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Version of the JSON of verdicts and baselines.
pub(crate) const SCHEMA: u32 = 1;

/// The text is not a baseline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotABaseline {
    /// Not JSON, or a field is missing or unknown; where.
    #[error("is not a baseline ({0})")]
    Unreadable(String),
    /// Written by another version.
    #[error("schema {0} is not {SCHEMA}; pin the baseline again")]
    Schema(u32),
}

/// What is wrong with JSON, for people: the words of the reader are about its types.
pub(super) fn place(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        serde_json::error::Category::Data => {
            format!("a field is missing or wrong near line {line}, column {column}")
        }
        _ if line == 0 || error.is_eof() => "it ends too early: it is empty, or cut".to_owned(),
        _ => format!("no JSON at line {line}, column {column}"),
    }
}

/// Values that later runs are compared with.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Version of this JSON.
    pub schema: u32,
    /// Value by objective id.
    pub values: BTreeMap<String, f64>,
}

impl Baseline {
    /// Reads the JSON that [`Verdict::to_baseline`](super::Verdict::to_baseline) wrote.
    ///
    /// # Errors
    /// Says what is wrong with the JSON.
    pub fn from_json(text: &str) -> Result<Self, NotABaseline> {
        let baseline: Self =
            serde_json::from_str(text).map_err(|why| NotABaseline::Unreadable(place(&why)))?;
        if baseline.schema == SCHEMA {
            return Ok(baseline);
        }
        Err(NotABaseline::Schema(baseline.schema))
    }

    /// JSON to store beside the objectives.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("numbers and strings are JSON");
        text.push('\n');
        text
    }
}
