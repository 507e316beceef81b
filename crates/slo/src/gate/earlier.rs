//! Verdicts of earlier gates, as far as later ones compare with them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::baseline::{Baseline, SCHEMA, place};
use super::verdict::Outcome;

/// Without Keptn files, a relative criterion is compared with the median of this many passing
/// results: one odd build neither moves it nor lets the next one through.
pub const MEDIAN_OF: usize = 5;

/// One earlier evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct EarlierResult {
    /// Its overall outcome.
    pub outcome: Outcome,
    /// Value by objective id; what is a ratio, or was not measured, is absent.
    pub values: BTreeMap<String, f64>,
    /// What each objective got, in the order of the verdict: to be shown, never compared with.
    pub cells: Vec<Cell>,
}

/// One objective in one verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// `service/slo/objective`.
    pub id: String,
    /// Its outcome.
    pub outcome: Outcome,
    /// What was measured, and what was wanted; ratios, or values.
    pub observed: Option<f64>,
    /// In the unit of `observed`.
    pub target: Option<f64>,
    /// Are they ratios?
    pub ratio: bool,
}

/// The text is not a verdict that can be compared with.
#[derive(Debug, thiserror::Error)]
pub enum NotAVerdict {
    /// Not JSON, or a field is missing.
    #[error("is not a verdict of this gate ({0}); remove the file")]
    Unreadable(String),
    /// Written by another version.
    #[error("has schema {0}, not {SCHEMA}; remove the file")]
    Schema(u32),
}

#[derive(Deserialize)]
struct Written {
    schema: u32,
    outcome: Outcome,
    objectives: Vec<WrittenJudgement>,
}

#[derive(Deserialize)]
struct WrittenJudgement {
    id: String,
    outcome: Outcome,
    observed: Option<f64>,
    target: Option<f64>,
    ratio: bool,
    #[serde(default)]
    uncompared: bool,
}

impl EarlierResult {
    /// Reads what [`Verdict::to_json`](super::Verdict::to_json) wrote.
    ///
    /// A result that was undecided only because there was nothing to compare with counts as passed:
    /// a history has to begin somewhere.
    ///
    /// # Errors
    /// See [`NotAVerdict`].
    pub fn from_json(text: &str) -> Result<Self, NotAVerdict> {
        let written: Written =
            serde_json::from_str(text).map_err(|why| NotAVerdict::Unreadable(place(&why)))?;
        if written.schema != SCHEMA {
            return Err(NotAVerdict::Schema(written.schema));
        }
        let undecided = |judgement: &&WrittenJudgement| judgement.outcome == Outcome::Inconclusive;
        let mut all_undecided = written.objectives.iter().filter(undecided).peekable();
        let first = written.outcome == Outcome::Inconclusive
            && all_undecided.peek().is_some()
            && all_undecided.all(|judgement| judgement.uncompared);
        let cells = written.objectives.iter().map(|judgement| Cell {
            id: judgement.id.clone(),
            outcome: judgement.outcome,
            observed: judgement.observed,
            target: judgement.target,
            ratio: judgement.ratio,
        });
        Ok(Self {
            cells: cells.collect(),
            outcome: if first { Outcome::Pass } else { written.outcome },
            values: written
                .objectives
                .into_iter()
                .filter(|judgement| !judgement.ratio)
                .filter_map(|judgement| Some((judgement.id, judgement.observed?)))
                .collect(),
        })
    }
}

/// The median of the last [`MEDIAN_OF`] passing values of each objective; `earlier` is sorted,
/// oldest first.
pub fn median_of_passing(earlier: &[EarlierResult]) -> Baseline {
    let mut latest: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let passed = earlier.iter().rev().filter(|result| result.outcome == Outcome::Pass);
    for (id, value) in passed.flat_map(|result| &result.values) {
        let values = latest.entry(id).or_default();
        if values.len() < MEDIAN_OF {
            values.push(*value);
        }
    }
    let values = latest
        .into_iter()
        .filter_map(|(id, values)| Some((id.to_owned(), median(values)?)))
        .collect();
    Baseline { schema: SCHEMA, values }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    Some(f64::midpoint(values[last / 2], values[values.len() / 2]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::tests::memory;

    const ID: &str = "dns-leaker/memory-growth/gate";

    fn result(outcome: Outcome, value: f64) -> EarlierResult {
        let values = BTreeMap::from([(ID.to_owned(), value)]);
        EarlierResult { outcome, values, cells: Vec::new() }
    }

    #[test]
    fn a_verdict_is_read_back_as_far_as_it_can_be_compared_with() {
        let verdict = memory(0.0, 60.0, Some(10_500_000.0));
        let earlier = EarlierResult::from_json(&verdict.to_json()).unwrap();
        assert_eq!(earlier.values, result(Outcome::Pass, 11_000_000.0).values);
        assert_eq!(earlier.outcome, Outcome::Pass);
        let ids: Vec<&str> = earlier.cells.iter().map(|cell| cell.id.as_str()).collect();
        assert_eq!(ids, ["dns-leaker/memory-growth/objective-1", ID]);
        let failed = memory(10.0, 60.0, Some(10_500_000.0));
        let earlier = EarlierResult::from_json(&failed.to_json()).unwrap();
        assert_eq!(earlier.outcome, Outcome::Fail);
    }

    #[test]
    fn the_first_result_can_be_compared_with_though_it_was_undecided() {
        let first = memory(0.0, 60.0, None);
        assert_eq!(first.outcome, Outcome::Inconclusive);
        let earlier = EarlierResult::from_json(&first.to_json()).unwrap();
        assert_eq!(earlier.outcome, Outcome::Pass);
        // Undecided for another reason as well: later ones are not compared with it.
        let hardly_covered = memory(0.0, 10.0, None);
        let earlier = EarlierResult::from_json(&hardly_covered.to_json()).unwrap();
        assert_eq!(earlier.outcome, Outcome::Inconclusive);
    }

    #[test]
    fn the_median_of_the_last_five_passing_results_is_the_baseline() {
        let mut earlier: Vec<_> =
            [1.0, 50.0, 10.0, 900.0, 20.0, 30.0].map(|value| result(Outcome::Pass, value)).into();
        earlier.push(result(Outcome::Fail, 7000.0));
        earlier.push(result(Outcome::Inconclusive, 7000.0));
        assert_eq!(median_of_passing(&earlier).values[ID], 30.0);
        assert!(median_of_passing(&earlier[6..]).values.is_empty());
    }

    #[test]
    fn anything_else_is_not_a_verdict() {
        for (text, wanted) in [
            ("", "not a verdict"),
            ("{\"schema\": 1, \"values\": {}}", "not a verdict"),
            ("{\"schema\": 2, \"outcome\": \"pass\", \"objectives\": []}", "schema 2"),
        ] {
            let error = EarlierResult::from_json(text).unwrap_err().to_string();
            assert!(error.contains(wanted), "{text}: {error}");
        }
    }
}
