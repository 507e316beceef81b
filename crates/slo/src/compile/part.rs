//! One objective on one clock: its labels, its series names, its windows.

use std::collections::{BTreeMap, BTreeSet};

use super::windows::{Pair, pairs};
use super::{Name, Rule};
use crate::clock::Clock;
use crate::names::{pascal, quoted};
use crate::openslo::model::{Objective, Slo};
use crate::period::Period;
use crate::problem::Problem;
use crate::promql::WindowError;

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

    pub(crate) fn refuse(&self, error: WindowError) -> Problem {
        let name = match &self.objective.indicator.name {
            Some(name) => format!("SLO/{}: indicator {name}", self.slo.metadata.name),
            None => format!("SLO/{}: indicator", self.slo.metadata.name),
        };
        Problem::error(&self.slo.metadata.file, name, error.to_string(), error.remedy())
    }
}
