//! A catalogue of objectives after reading: references resolved, numbers exact, nothing optional
//! that need not be.

use std::collections::BTreeMap;

use crate::calendar::Calendar;
use crate::decimal::Decimal;
use crate::period::Period;
use crate::promql::Query;

/// What every OpenSLO document carries.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metadata {
    /// Path of the file it was read from.
    pub file: String,
    /// RFC 1123 label, unique per kind.
    pub name: String,
    /// The name for people; at most 63 characters.
    pub display_name: Option<String>,
    /// Labels; a list value is joined with commas.
    pub labels: BTreeMap<String, String>,
    /// Free notes for tools.
    pub annotations: BTreeMap<String, String>,
    /// `spec.description`.
    pub description: Option<String>,
}

impl Metadata {
    /// The display name, or the name.
    pub fn title(&self) -> &str {
        self.display_name.as_deref().unwrap_or(&self.name)
    }
}

/// `kind: Service`.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// Name and description.
    pub metadata: Metadata,
}

/// `kind: DataSource`: where queries go; this crate only checks that it is a Prometheus.
#[derive(Debug, Clone, PartialEq)]
pub struct DataSource {
    /// Name and description.
    pub metadata: Metadata,
    /// `spec.type`, lower case.
    pub kind: String,
}

/// `kind: SLO`, with every reference replaced by what it names.
#[derive(Debug, Clone, PartialEq)]
pub struct Slo {
    /// Name, labels, annotations.
    pub metadata: Metadata,
    /// Name of the service.
    pub service: String,
    /// The period that the error budget belongs to.
    pub window: TimeWindow,
    /// How good and bad are counted.
    pub method: BudgetingMethod,
    /// At least one.
    pub objectives: Vec<Objective>,
    /// Extra alerts; the multi-window burn-rate alerts exist without any.
    pub alert_policies: Vec<AlertPolicy>,
    /// True when each objective has an indicator of its own: the SLO is as good as its worst part.
    pub composite: bool,
}

impl Slo {
    /// `service/slo/objective`: the name of an objective in verdicts and baselines.
    pub fn objective_id(&self, objective: &Objective) -> String {
        format!("{}/{}/{}", self.service, self.metadata.name, objective.id)
    }
}

/// `spec.timeWindow[0]`.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeWindow {
    /// Length of the period.
    pub duration: Period,
    /// `None`: the window rolls.
    pub calendar: Option<Calendar>,
}

/// `spec.budgetingMethod`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BudgetingMethod {
    /// Good events of all events.
    Occurrences,
    /// Good slices of time of all slices.
    Timeslices,
    /// The mean of the ratios of all slices of time.
    RatioTimeslices,
}

/// One of `spec.objectives`.
#[derive(Debug, Clone, PartialEq)]
pub struct Objective {
    /// Slug of the display name, or `objective-<n>` counted from 1; unique inside the SLO.
    pub id: String,
    /// For people.
    pub display_name: Option<String>,
    /// Ratio of good, in [0, 1).
    pub target: Decimal,
    /// Threshold objectives: a sample is good if `sample op value`.
    pub threshold: Option<Threshold>,
    /// Fields of a ratio objective that mean nothing there. OpenSLO's own examples put `op` on
    /// ratio indicators: lint warns.
    pub stray: Vec<&'static str>,
    /// Timeslices: the ratio of good events, or of good samples, that makes a slice good, in (0,
    /// 1].
    pub slice_target: Option<Decimal>,
    /// Timeslices and RatioTimeslices: length of a slice.
    pub slice: Option<Period>,
    /// What is measured.
    pub indicator: Indicator,
    /// Weight in a composite SLO.
    pub composite_weight: Decimal,
}

/// `op` and `value` of an objective.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// The comparison that makes a sample good.
    pub op: Op,
    /// Its right-hand side.
    pub value: Decimal,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `<`
    Lt,
    /// `<=`
    Lte,
    /// `>`
    Gt,
    /// `>=`
    Gte,
}

impl Op {
    /// As PromQL writes it.
    pub fn promql(self) -> &'static str {
        match self {
            Self::Lt => "<",
            Self::Lte => "<=",
            Self::Gt => ">",
            Self::Gte => ">=",
        }
    }

    /// The comparison that is true exactly when this one is false (for numbers that are not NaN).
    pub fn negated(self) -> Self {
        match self {
            Self::Lt => Self::Gte,
            Self::Lte => Self::Gt,
            Self::Gt => Self::Lte,
            Self::Gte => Self::Lt,
        }
    }

    /// True when large samples are the bad ones.
    pub fn high_is_bad(self) -> bool {
        matches!(self, Self::Lt | Self::Lte)
    }

    /// `left op right`.
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Lt => left < right,
            Self::Lte => left <= right,
            Self::Gt => left > right,
            Self::Gte => left >= right,
        }
    }
}

/// `kind: SLI`, or the inline `indicator`.
#[derive(Debug, Clone, PartialEq)]
pub struct Indicator {
    /// Name of the indicator, if it has one.
    pub name: Option<String>,
    /// Threshold or ratio.
    pub metric: Metric,
}

/// What an indicator measures.
#[derive(Debug, Clone, PartialEq)]
pub enum Metric {
    /// A value per series that an objective compares with its threshold.
    Threshold(Query),
    /// Good and total events.
    Good {
        /// Events that were good.
        good: Query,
        /// All events.
        total: Query,
    },
    /// Bad and total events.
    Bad {
        /// Events that were bad.
        bad: Query,
        /// All events.
        total: Query,
    },
    /// A ratio that was computed elsewhere.
    Raw {
        /// The ratio, in [0, 1].
        ratio: Query,
        /// Is it a ratio of failures?
        failure: bool,
    },
}

impl Metric {
    /// Good, bad and all events are counted: every query needs a window.
    pub fn has_events(&self) -> bool {
        matches!(self, Self::Good { .. } | Self::Bad { .. })
    }

    /// The queries, in a fixed order.
    pub fn queries(&self) -> Vec<&Query> {
        self.parts().into_iter().map(|(_, query)| query).collect()
    }

    /// The queries by the names that OpenSLO gives them, in a fixed order.
    pub fn parts(&self) -> Vec<(&'static str, &Query)> {
        match self {
            Self::Threshold(query) => vec![("thresholdMetric", query)],
            Self::Raw { ratio, .. } => vec![("raw", ratio)],
            Self::Good { good, total } => vec![("good", good), ("total", total)],
            Self::Bad { bad, total } => vec![("bad", bad), ("total", total)],
        }
    }

    /// As [`Self::parts`], to be changed.
    pub(crate) fn parts_mut(&mut self) -> Vec<(&'static str, &mut Query)> {
        match self {
            Self::Threshold(query) => vec![("thresholdMetric", query)],
            Self::Raw { ratio, .. } => vec![("raw", ratio)],
            Self::Good { good, total } => vec![("good", good), ("total", total)],
            Self::Bad { bad, total } => vec![("bad", bad), ("total", total)],
        }
    }
}

/// `kind: AlertPolicy` with its one condition.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertPolicy {
    /// Name of the policy.
    pub name: String,
    /// Label `severity` of the alert.
    pub severity: String,
    /// The burn rate must satisfy `rate op threshold`.
    pub op: Op,
    /// Burn rate.
    pub threshold: Decimal,
    /// The window that the burn rate is taken over.
    pub lookback: Period,
    /// `for:` of the alert.
    pub alert_after: Option<Period>,
    /// Alert when the condition holds.
    pub when_breaching: bool,
    /// Alert when the indicator has no data.
    pub when_no_data: bool,
    /// Targets, as written in the notification targets: an Alertmanager route matches them.
    pub targets: Vec<String>,
}
