//! `report.json`: the report for programs.

use serde::{Deserialize, Serialize};

use super::{Outcome, Report};

/// The JSON Schema (2020-12) of `report.json`.
pub const SCHEMA: &str = include_str!("report.schema.json");

/// The report as indented JSON, with a line feed at the end.
pub fn json(report: &Report) -> String {
    let text = serde_json::to_string_pretty(report)
        .expect("a report has only string keys, and no type that refuses to be serialized");
    text + "\n"
}

/// Reads a report back.
///
/// # Errors
/// If the text is no JSON or lacks a required key.
pub fn from_json(text: &str) -> Result<Report, JsonError> {
    serde_json::from_str(text).map_err(JsonError)
}

/// The text is no report.
#[derive(Debug, thiserror::Error)]
#[error("not a report: {0}; write a new one with `tale play TALE --out DIR`")]
pub struct JsonError(#[source] serde_json::Error);

/// How an [`Outcome`] is written: `kept` for those who ask yes or no, `outcome` for those who ask
/// why not.
#[derive(Serialize, Deserialize)]
pub(super) struct Judged {
    #[serde(default)]
    kept: Option<bool>,
    outcome: Word,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Kept,
    Broken,
    Undecided,
    NotReached,
}

impl From<Outcome> for Judged {
    fn from(outcome: Outcome) -> Self {
        let (kept, outcome) = match outcome {
            Outcome::Kept => (Some(true), Word::Kept),
            Outcome::Broken => (Some(false), Word::Broken),
            Outcome::Undecided => (None, Word::Undecided),
            Outcome::NotReached => (None, Word::NotReached),
        };
        Self { kept, outcome }
    }
}

impl From<Judged> for Outcome {
    fn from(judged: Judged) -> Self {
        match judged.outcome {
            Word::Kept => Self::Kept,
            Word::Broken => Self::Broken,
            Word::Undecided => Self::Undecided,
            Word::NotReached => Self::NotReached,
        }
    }
}

/// JSON has no NaN: a gap is `null`, in both directions.
pub(super) mod points {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        points: &[(f64, f64)],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let gaps = |&(time, value): &(f64, f64)| (time, value.is_finite().then_some(value));
        to.collect_seq(points.iter().map(gaps))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<(f64, f64)>, D::Error> {
        let points = Vec::<(f64, Option<f64>)>::deserialize(from)?;
        let values = points.into_iter().map(|(time, value)| (time, value.unwrap_or(f64::NAN)));
        Ok(values.collect())
    }
}
