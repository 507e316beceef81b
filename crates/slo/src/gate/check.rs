//! What to ask, and how to judge what comes back.

use super::value_query::ValueQuery;
use crate::clock::Clock;
use crate::criterion::Criterion;
use crate::openslo::model::{Slo, Threshold};
use crate::period::Period;

/// What to ask, and how to judge what comes back. Queries and answers are matched by position.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Length of the judged window in seconds, as the wall clock counts them; of the longest one if
    /// they differ.
    pub window_seconds: f64,
    /// One per query.
    pub(crate) checks: Vec<Check>,
}

impl Plan {
    /// A plan of these checks, over a window of so many seconds.
    pub fn new(window_seconds: f64, checks: Vec<Check>) -> Self {
        Self { window_seconds, checks }
    }

    /// The instant queries to run, in order; [`judge`](super::judge()) wants their answers in the
    /// same order.
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
pub struct Check {
    pub(crate) query: Query,
    pub(crate) service: String,
    pub(crate) slo: String,
    pub(crate) objective: String,
    /// Start of the calendar window that is judged, RFC 3339.
    pub(crate) since: Option<String>,
    /// How many points the coverage probe finds in a fully covered window.
    pub(crate) expected_points: f64,
    /// The newest sample may be this old; infinite if its age is not asked for.
    pub(crate) stale_after_seconds: f64,
    /// Selectors of bad events that are measured apart from all events: silence from them does not
    /// prove that there were no errors.
    pub(crate) bad_source: Option<String>,
    /// The same of good events: silence from them does not prove that all was bad.
    pub(crate) good_source: Option<String>,
    /// How often states are looked at, if that may be too rarely, and how to look again.
    pub(crate) looks: Option<Looks>,
    pub(crate) rule: Rule,
}

/// States looked at step by step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Looks {
    pub(crate) step: Period,
    /// The same question with another step.
    pub(crate) again: Again,
}

/// What a check was made from, to make it once more.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Again {
    pub(crate) slo: Box<Slo>,
    pub(crate) objective: usize,
    pub(crate) clock: Clock,
    pub(crate) window: Period,
}

/// What a check is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Unique in a plan, the key in baselines and histories: `service/slo/objective`.
    pub id: String,
    /// Name of the service.
    pub service: String,
    /// Name of the SLO.
    pub slo: String,
    /// Id of the objective.
    pub objective: String,
}

impl Check {
    /// One number, measured and not judged: good evidence passes, whatever the number is. Whoever
    /// plans it judges the number. `chart` is as in [`Query::chart`].
    pub fn measured(
        subject: Subject,
        value: ValueQuery,
        window: Period,
        chart: Option<String>,
    ) -> Self {
        Self {
            query: Query {
                id: subject.id,
                promql: value.promql,
                before_end_seconds: 0,
                window_seconds: window.as_secs_f64(),
                chart,
            },
            service: subject.service,
            slo: subject.slo,
            objective: subject.objective,
            since: None,
            expected_points: value.expected_points,
            stale_after_seconds: value.stale_after_seconds,
            bad_source: None,
            good_source: None,
            looks: None,
            rule: Rule::Measured,
        }
    }

    /// What is counted: slices, samples, events.
    pub(crate) fn rule_unit(&self) -> &'static str {
        match &self.rule {
            Rule::Ratio { unit, .. } => unit,
            _ => "events",
        }
    }

    /// Was nothing asked about age and coverage?
    pub(super) fn is_unprobed(&self) -> bool {
        self.stale_after_seconds.is_infinite()
    }
}

/// How an answer becomes an outcome.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Rule {
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
    Criterion(Criterion),
    /// One value, measured only.
    Measured,
}
