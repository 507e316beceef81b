//! One objective on one clock: its labels, its series names, its windows.

use std::collections::{BTreeMap, BTreeSet};

use super::count::{Count, count_factor};
use super::windows::{Pair, pairs};
use super::{Name, Rule};
use crate::clock::Clock;
use crate::names::{pascal, quoted};
use crate::openslo::model::{Objective, Slo};
use crate::period::Period;
use crate::problem::Problem;
use crate::promql::{WindowError, windowed};

/// Annotation of an SLO: a burn-rate alert needs so many bad events in its long window.
const LEAST_BAD_EVENTS: &str = "tales.dev/least-bad-events";
/// Without the annotation. Where fifty requests an hour come, one that fails is 2 % of errors, and
/// would page at 99.9 %. The price: an outage pages when the third request has failed.
const USUAL_LEAST_BAD_EVENTS: u64 = 3;

/// The shortest window: what "now" means.
pub(crate) const NOW: Period = Period::minutes(5);

/// What every rule and every query of an objective needs to know.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    pub(crate) slo: &'a Slo,
    pub(crate) objective: &'a Objective,
    pub(crate) clock: Clock,
}

/// Name of the burn-rate alerts: `DnsLeaker` + `MemoryGrowth`.
pub(super) fn alert_name(slo: &Slo) -> String {
    pascal(&slo.service) + &pascal(&slo.metadata.name)
}

/// Annotations that rules are made from.
pub(super) fn check_annotations(slo: &Slo) -> Result<(), Problem> {
    match slo.metadata.annotations.get(LEAST_BAD_EVENTS) {
        Some(text) if text.trim().parse::<u64>().is_err() => Err(Problem::error(
            &slo.metadata.file,
            format!("SLO/{}: metadata.annotations.{LEAST_BAD_EVENTS}", slo.metadata.name),
            format!("{text:?} is not a whole number"),
            "write how many bad events an alert needs, such as \"3\"; \"1\" for any",
        )),
        _ => Ok(()),
    }
}

impl Part<'_> {
    /// The labels that identify the objective.
    pub(super) fn labels(&self) -> BTreeMap<String, String> {
        let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        BTreeMap::from([
            label("service", &self.slo.service),
            label("slo", &self.slo.metadata.name),
            label("objective", &self.objective.id),
        ])
    }

    /// `name{service=...,slo=...,objective=...}`.
    pub(crate) fn series(&self, name: &str) -> String {
        format!(
            "{name}{{service={},slo={},objective={}}}",
            quoted(&self.slo.service),
            quoted(&self.slo.metadata.name),
            quoted(&self.objective.id)
        )
    }

    /// Name of the error ratio over a nominal window.
    pub(super) fn ratio_name(window: Period) -> String {
        format!("slo:sli_error:ratio_rate{window}")
    }

    /// The error ratio over a nominal window, selected.
    pub(super) fn ratio(&self, window: Period) -> String {
        self.series(&Self::ratio_name(window))
    }

    pub(super) fn record(&self, name: impl Into<String>, expr: String) -> Rule {
        Rule {
            name: Name::Record(name.into()),
            expr,
            hold: None,
            labels: self.labels(),
            annotations: BTreeMap::new(),
        }
    }

    pub(super) fn pairs(&self) -> Vec<Pair> {
        pairs(self.slo.window.duration)
    }

    /// How many bad events the long window of a burn-rate alert must hold; `None` where they are
    /// not counted (slices, states, gauges), or where one is enough.
    pub(super) fn least_bad_events(&self) -> Option<u64> {
        let written = self.slo.metadata.annotations.get(LEAST_BAD_EVENTS);
        let least = written.map_or(USUAL_LEAST_BAD_EVENTS, |text| text.trim().parse().unwrap_or(0));
        let metric = &self.objective.indicator.metric;
        let counted = metric.has_events() && count_factor(metric) != Count::Unknown;
        (counted && self.objective.slice.is_none() && least > 1).then_some(least)
    }

    /// All nominal windows that an alert or a dashboard reads, except the period.
    pub(super) fn windows(&self) -> BTreeSet<Period> {
        let pairs = self.pairs();
        let policies = self.slo.alert_policies.iter().map(|policy| policy.lookback);
        pairs
            .iter()
            .flat_map(|pair| [pair.short, pair.long])
            .chain(policies)
            .chain([NOW])
            .filter(|window| *window != self.slo.window.duration)
            .collect()
    }

    /// The range that measures a nominal window; never shorter than a slice.
    pub(super) fn range(&self, window: Period) -> Period {
        let nominal = self.objective.slice.map_or(window, |slice| window.max(slice));
        self.clock.range(nominal)
    }

    /// Time between two samples of the indicator.
    pub(super) fn sample_interval(&self) -> Period {
        self.objective.slice.map_or(self.clock.interval(), |slice| self.clock.length(slice))
    }

    /// The refusal of the first query that has no place for the window.
    pub(crate) fn refuse(&self, error: WindowError) -> Problem {
        let parts = self.objective.indicator.metric.parts();
        let failed = parts.iter().find(|(_, query)| windowed(query, "5m") == Err(error));
        self.refuse_part(failed.map_or("", |(part, _)| part), error)
    }

    /// The refusal of one query of the indicator: `good`, `total` ...
    pub(crate) fn refuse_part(&self, part: &str, error: WindowError) -> Problem {
        let mut field = format!("SLO/{}: indicator", self.slo.metadata.name);
        if let Some(name) = &self.objective.indicator.name {
            field.push_str(&format!(" {name}"));
        }
        if !part.is_empty() {
            field.push_str(&format!(": {part}"));
        }
        Problem::error(&self.slo.metadata.file, field, error.to_string(), error.remedy())
    }
}
