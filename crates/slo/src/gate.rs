//! The gate: may this go out? Objectives and evidence in, a [`Verdict`] out.
//!
//! Three steps, none of which touches a network: [`plan`] says what to ask Prometheus, the caller
//! asks, [`judge`] weighs the answers. No data, stale data, NaN, too little traffic and too little
//! coverage never pass.

mod asked;
mod baseline;
mod earlier;
mod judge;
mod keptn;
mod numbers;
mod plan;
mod relative;
mod render;
#[cfg(test)]
mod tests;
mod verdict;
mod windows;

use std::collections::BTreeMap;

pub use baseline::Baseline;
pub(crate) use baseline::SCHEMA;
pub use earlier::{EarlierResult, MEDIAN_OF, NotAVerdict, median_of_passing};
pub use judge::{Answer, judge};
pub use keptn::{KeptnGate, plan_keptn};
pub use plan::{plan, plan_windows};
pub use render::Style;
pub use verdict::{Bounds, Judgement, Needed, Outcome, Verdict, Worst};
pub use windows::Windows;

use crate::criterion::Criterion;
use crate::openslo::model::Threshold;

/// What to ask, and how to judge what comes back. Queries and answers are matched by position.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Length of the judged window in seconds, as the wall clock counts them; of the longest one if
    /// they differ.
    pub window_seconds: f64,
    /// One per query.
    pub(crate) checks: Vec<Check>,
    /// Judge by score, as Keptn did.
    pub(crate) keptn: Option<crate::keptn::Evaluation>,
}

impl Plan {
    /// The instant queries to run, in order; [`judge`] wants their answers in the same order.
    pub fn queries(&self) -> Vec<&Query> {
        self.checks.iter().map(|check| &check.query).collect()
    }
}

/// One instant query.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// What it is about: `service/slo/objective`, or `service/slo/gate` for a relative criterion.
    pub id: String,
    /// PromQL for `/api/v1/query`.
    pub promql: String,
    /// Evaluate this many seconds before the end of the window.
    pub before_end_seconds: u64,
    /// How many seconds before its evaluation the window starts.
    pub window_seconds: f64,
    /// PromQL for `/api/v1/query_range` that shows the course of the objective, for a sparkline.
    pub chart: Option<String>,
}

/// A query and the way to judge its answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Check {
    pub(crate) query: Query,
    pub(crate) service: String,
    pub(crate) slo: String,
    pub(crate) objective: String,
    /// Start of the calendar window that is judged, RFC 3339.
    pub(crate) since: Option<String>,
    /// How many points the coverage probe finds in a fully covered window.
    pub(crate) expected_points: f64,
    /// The newest sample may be this old.
    pub(crate) stale_after_seconds: f64,
    /// Selectors of bad events that are measured apart from all events: nothing heard from them is
    /// no proof of no errors.
    pub(crate) bad_source: Option<String>,
    pub(crate) rule: Judging,
}

/// How an answer becomes an outcome.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Judging {
    /// Independent events: Wilson bounds.
    Events { target: f64 },
    /// Slices and samples are autocorrelated, ten bad ones in a row are one incident and not ten
    /// draws: a Wilson bound would claim a confidence that is not there. The plain ratio is
    /// compared, and coverage decides what it is worth.
    Ratio { target: f64, threshold: Option<Threshold>, unit: &'static str },
    /// A ratio of gauges: how many events it stands for is unknown. It may show that the objective
    /// was missed, and never proves that it was met.
    Gauges { target: f64 },
    /// One value, compared with a number or with the baseline.
    Value(Criterion),
    /// One value for a Keptn objective; judged by its criteria, with the others.
    Indicator,
}

/// One series of an instant vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Labels without `__name__`.
    pub labels: BTreeMap<String, String>,
    /// May be NaN or infinite.
    pub value: f64,
}

/// Why a query has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct QueryError {
    /// What Prometheus or the network said.
    pub message: String,
}
