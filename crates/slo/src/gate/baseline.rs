//! Values pinned by one run for the runs after it.
//!
//! A pinned baseline cannot drift: comparing each build with the one before would let ten builds in
//! a row add 10 % each.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Version of the JSON of verdicts and baselines.
pub(crate) const SCHEMA: u32 = 1;

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
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        let baseline: Self = serde_json::from_str(text)?;
        if baseline.schema == SCHEMA {
            return Ok(baseline);
        }
        Err(<serde_json::Error as serde::de::Error>::custom(format!(
            "schema {} is not {SCHEMA}; pin the baseline again",
            baseline.schema
        )))
    }

    /// JSON to store beside the objectives.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("numbers and strings are JSON");
        text.push('\n');
        text
    }
}
