//! The gate's verdict: an outcome, and a judgement per query.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::baseline::{Baseline, SCHEMA};

/// The result of a judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// For information only: it has nothing to meet (Keptn).
    Info,
    /// The objective was met.
    Pass,
    /// Met by the weaker of two criteria (Keptn).
    Warning,
    /// The evidence does not decide it.
    Inconclusive,
    /// The objective was missed.
    Fail,
}

impl Outcome {
    /// The lower-case word used in every output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Pass => "pass",
            Self::Warning => "warning",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
        }
    }

    /// 0 pass (or warning), 1 fail, 2 could not judge.
    fn exit_code(self) -> u8 {
        match self {
            Self::Info | Self::Pass | Self::Warning => 0,
            Self::Fail => 1,
            Self::Inconclusive => 2,
        }
    }
}

/// The verdict about everything.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// Version of this JSON; grows only when a field changes its meaning.
    pub schema: u32,
    /// The worst of all judgements, or the outcome of the total score.
    pub outcome: Outcome,
    /// Length of the judged window; of the longest one if they differ.
    pub window_seconds: f64,
    /// Where the window ends, RFC 3339; `None` if the caller did not say: now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// When it was judged, RFC 3339, and by which machine; not part of the JSON.
    #[serde(skip)]
    pub judged: Option<Judged>,
    /// Keptn's total score in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// What the total score had to reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needed: Option<Needed>,
    /// One per query, in the order of the plan.
    pub objectives: Vec<Judgement>,
}

/// When and where a verdict was made: JUnit has a place for it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judged {
    /// RFC 3339.
    pub at: String,
    /// Name of the machine.
    pub host: String,
}

/// What Keptn's total score has to reach, in percent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Needed {
    /// To pass.
    pub pass: f64,
    /// For a warning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<f64>,
    /// Key indicators that failed: with one of them, everything fails, whatever the score.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed_keys: Vec<String>,
}

/// The verdict about one objective.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judgement {
    /// `service/slo/objective`.
    pub id: String,
    /// Name of the service.
    pub service: String,
    /// Name of the SLO.
    pub slo: String,
    /// Id of the objective.
    pub objective: String,
    /// Its name for people: Keptn's `displayName`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its outcome.
    pub outcome: Outcome,
    /// Good ratio in [0, 1], or the value of a criterion.
    pub observed: Option<f64>,
    /// Start of the calendar window that was judged, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// What was wanted, in the unit of `observed`.
    pub target: Option<f64>,
    /// True if `observed` and `target` are ratios.
    pub ratio: bool,
    /// Share of the window that has data, in [0, 1].
    pub coverage: Option<f64>,
    /// Events, slices or samples that were judged.
    pub events: Option<f64>,
    /// What `events` counts.
    pub unit: Option<String>,
    /// One-sided 95 % bounds of the true ratio; events only.
    pub bound: Option<Bounds>,
    /// Threshold objectives: the worst value of the window.
    pub worst: Option<Worst>,
    /// The earlier value that a relative criterion was compared with.
    pub baseline: Option<f64>,
    /// Undecided for one reason alone: nothing earlier to compare with. Such a result may be what
    /// later ones compare with.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub uncompared: bool,
    /// The query itself failed: what Prometheus or the network said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query_error: Option<String>,
    /// A sentence for people.
    pub reason: String,
    /// How long the answer took, in seconds; not part of the JSON, which is compared.
    #[serde(skip)]
    pub seconds: Option<f64>,
    /// Course over the window, oldest first; empty unless the caller adds one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub series: Vec<f64>,
}

/// A one-sided lower and a one-sided upper bound.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bounds {
    /// The true ratio is below this with 5 % probability.
    pub low: f64,
    /// The true ratio is above this with 5 % probability.
    pub high: f64,
}

/// The series that did worst.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Worst {
    /// Its labels.
    pub series: BTreeMap<String, String>,
    /// Its worst value.
    pub value: f64,
}

impl Worst {
    /// `pod leaker-1`, or all labels if there is no pod and no instance.
    pub fn name(&self) -> String {
        for label in ["pod", "instance"] {
            if let Some(value) = self.series.get(label) {
                return format!("{label} {value}");
            }
        }
        let labels: Vec<_> =
            self.series.iter().map(|(key, value)| format!("{key}={value}")).collect();
        if labels.is_empty() { "the series".to_owned() } else { labels.join(", ") }
    }
}

impl Verdict {
    /// A verdict about the window of so many seconds that ends now, without a score.
    pub fn new(outcome: Outcome, window_seconds: f64, objectives: Vec<Judgement>) -> Self {
        Self {
            schema: SCHEMA,
            outcome,
            window_seconds,
            until: None,
            judged: None,
            score: None,
            needed: None,
            objectives,
        }
    }

    /// The observed values of everything that a relative criterion may compare, to be pinned: those
    /// that were judged, or lacked nothing but a baseline. Later values must not be compared with a
    /// stale one.
    pub fn to_baseline(&self) -> Baseline {
        let values = self
            .objectives
            .iter()
            .filter(|judgement| !judgement.ratio)
            .filter(|judgement| judgement.outcome != Outcome::Inconclusive || judgement.uncompared)
            .filter_map(|judgement| {
                Some((judgement.id.clone(), judgement.observed.filter(|value| value.is_finite())?))
            })
            .collect();
        Baseline { schema: SCHEMA, values }
    }

    /// 0 pass or warning, 1 fail, 2 could not judge; 3 if the outcome is one of `fail_on` and did
    /// not fail anyway.
    pub fn exit_code(&self, fail_on: &[Outcome]) -> u8 {
        match self.outcome {
            Outcome::Warning | Outcome::Inconclusive if fail_on.contains(&self.outcome) => 3,
            outcome => outcome.exit_code(),
        }
    }

    /// Whether it decided: it passed, warned or failed, or lacked nothing but an earlier value.
    pub fn is_undecided_for_another_reason(&self) -> bool {
        let undecided = |judgement: &&Judgement| judgement.outcome == Outcome::Inconclusive;
        self.outcome == Outcome::Inconclusive
            && (self.objectives.is_empty()
                || self.objectives.iter().filter(undecided).any(|judgement| !judgement.uncompared))
    }

    /// Adds the course of an objective, oldest first, for the sparkline.
    pub fn add_series(&mut self, id: &str, series: Vec<f64>) {
        for judgement in self.objectives.iter_mut().filter(|judgement| judgement.id == id) {
            judgement.series.clone_from(&series);
        }
    }

    /// Judgements, the worst first; equals keep the order of the plan.
    pub(crate) fn worst_first(&self) -> Vec<&Judgement> {
        let mut sorted: Vec<_> = self.objectives.iter().collect();
        sorted.sort_by_key(|judgement| std::cmp::Reverse(judgement.outcome));
        sorted
    }
}
