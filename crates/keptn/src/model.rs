//! Keptn's two files after reading.

use std::collections::BTreeMap;

use slo::Criterion;

/// `sli.yaml`: queries by name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sli {
    /// Path of the file it was read from.
    pub file: String,
    /// PromQL with placeholders, by indicator.
    pub indicators: BTreeMap<String, String>,
}

/// `slo.yaml`.
#[derive(Debug, Clone, PartialEq)]
pub struct Slo {
    /// Path of the file it was read from.
    pub file: String,
    /// Values for `$<name>` placeholders.
    pub filter: BTreeMap<String, String>,
    /// What earlier results count.
    pub comparison: Comparison,
    /// In the order of the file.
    pub objectives: Vec<Objective>,
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
pub struct Objective {
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
