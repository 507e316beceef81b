//! Keptn v1 quality gates: `slo.yaml` and `sli.yaml`, scored as Keptn's lighthouse service did.
//!
//! Keptn is archived, its files are not: teams still keep them, and no maintained tool reads their
//! relative criteria. One thing is stricter unless [`Leniency::Compat`] is asked for: where Keptn
//! let a relative criterion pass because there was nothing to compare with, this gate says that it
//! cannot judge.

mod kind;
mod read;
mod score;
#[cfg(test)]
pub(crate) mod tests;

pub use kind::{Kind, kind};
pub(crate) use score::score;

use std::collections::BTreeMap;

use crate::criterion::Criterion;
use crate::gate::EarlierResult;

/// `sli.yaml`: queries by name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KeptnSli {
    /// Path of the file it was read from.
    pub file: String,
    /// PromQL with placeholders, by indicator.
    pub indicators: BTreeMap<String, String>,
}

/// `slo.yaml`.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptnSlo {
    /// Path of the file it was read from.
    pub file: String,
    /// Values for `$<name>` placeholders.
    pub filter: BTreeMap<String, String>,
    /// What earlier results count.
    pub comparison: Comparison,
    /// In the order of the file.
    pub objectives: Vec<KeptnObjective>,
    /// Score in percent from which the whole passes.
    pub pass_score: f64,
    /// Score in percent from which the whole is a warning.
    pub warning_score: Option<f64>,
}

/// Which earlier results relative criteria are compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// Earlier results of this quality or better.
    pub include: Include,
    /// At most this many, the latest.
    pub results: usize,
    /// How several become one value.
    pub aggregate: Aggregate,
}

/// `include_result_with_score`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Include {
    /// Results that passed.
    Pass,
    /// Results that passed or warned.
    PassOrWarn,
    /// All.
    All,
}

/// `aggregate_function`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// Arithmetic mean.
    Avg,
    /// Percentile, 1 to 99.
    Percentile(u8),
}

/// One of `objectives`.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptnObjective {
    /// Name of the indicator.
    pub sli: String,
    /// For people.
    pub display_name: Option<String>,
    /// Share of the total score; at least 1.
    pub weight: u32,
    /// Its failure fails everything.
    pub key_sli: bool,
    /// Any of these lists, all criteria of it; empty: for information only.
    pub pass: Vec<Vec<Criterion>>,
    /// As `pass`, for half the score.
    pub warning: Vec<Vec<Criterion>>,
}

/// What to do where Keptn was lenient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Leniency {
    /// Nothing to compare with, or no data: cannot judge.
    #[default]
    Strict,
    /// Exactly as Keptn: nothing to compare with passes, no data fails.
    Compat,
}

/// An evaluation that waits for its values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Evaluation {
    pub(crate) slo: KeptnSlo,
    pub(crate) leniency: Leniency,
    /// Oldest first; values by indicator.
    pub(crate) earlier: Vec<EarlierResult>,
}

/// Percentile as lighthouse computed it: position `p (n + 1)`, linear between neighbours, clamped
/// to the ends.
pub(crate) fn percentile(values: &[f64], percent: u8) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let position = f64::from(percent) / 100.0 * (sorted.len() as f64 + 1.0);
    let below = position.floor();
    if below < 1.0 {
        return sorted.first().copied();
    }
    let index = below as usize - 1;
    if index >= last {
        return sorted.last().copied();
    }
    Some(sorted[index] + (position - below) * (sorted[index + 1] - sorted[index]))
}

#[cfg(test)]
mod percentile_tests {
    use super::percentile;

    #[test]
    fn percentiles_are_those_of_lighthouse() {
        let values: Vec<f64> = (0..=10).map(f64::from).collect();
        assert_eq!(percentile(&values, 50), Some(5.0));
        assert!((percentile(&values, 90).unwrap() - 9.8).abs() < 1e-9);
        assert_eq!(percentile(&values, 95), Some(10.0));
        assert_eq!(percentile(&[], 50), None);
        assert_eq!(percentile(&[3.0], 90), Some(3.0));
    }
}
