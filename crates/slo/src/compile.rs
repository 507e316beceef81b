//! Objectives to Prometheus rules: error ratios, budgets and burn-rate alerts, on either clock.
//!
//! Series names carry the *nominal* window on both clocks (`slo:sli_error:ratio_rate5m` covers five
//! seconds on the stage), so dashboards and alerts read the same. `service`, `slo` and `objective`
//! identify every series.

mod alerts;
mod budget;
mod count;
mod events;
mod part;
mod promtool;
mod sli;
#[cfg(test)]
mod tests;
pub mod windows;
mod yaml;

pub(crate) use budget::PERIOD_BURN;
pub(crate) use count::{Count, count, count_factor};
pub(crate) use events::{as_counted, bad_and_total, ratio};
pub(crate) use part::Part;
pub use promtool::{PromtoolTest, promtool_tests};
pub(crate) use sli::{bad_series, bad_slice, raw_error, raw_ratio, slice_error, values};

use std::collections::BTreeMap;

use crate::clock::Clock;
use crate::openslo::Catalogue;
use crate::openslo::model::Slo;
use crate::period::Period;
use crate::problem::Problem;

/// A Prometheus rule file.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleFile {
    /// The clock it was compiled for.
    pub clock: Clock,
    /// Groups in the order of the catalogue.
    pub groups: Vec<Group>,
}

/// Rules that are evaluated one after another.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Unique in the file.
    pub name: String,
    /// Time between evaluations.
    pub interval: Period,
    /// In order: a rule may use what earlier ones recorded.
    pub rules: Vec<Rule>,
}

/// A recording or alerting rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Series or alert name.
    pub name: Name,
    /// PromQL.
    pub expr: String,
    /// How long the expression must be true before the alert fires.
    pub hold: Option<Period>,
    /// Added to every result.
    pub labels: BTreeMap<String, String>,
    /// Text for people; alerts only.
    pub annotations: BTreeMap<&'static str, String>,
}

/// What a rule produces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    /// A series.
    Record(String),
    /// An alert.
    Alert(String),
}

/// Compiles every objective of the catalogue.
///
/// # Errors
/// Objectives that rules cannot express: calendar windows, queries without a place for the window,
/// and two objectives that would share an alert name by accident.
pub fn compile(catalogue: &Catalogue, clock: Clock) -> Result<RuleFile, Vec<Problem>> {
    let mut groups = Vec::new();
    let mut problems = Vec::new();
    let mut names = BTreeMap::new();
    for slo in &catalogue.slos {
        let name = part::alert_name(slo);
        if let Some(other) = names.insert(name.clone(), &slo.metadata.name) {
            problems.push(Problem::error(
                &slo.metadata.file,
                format!("SLO/{}: metadata.name", slo.metadata.name),
                format!("its alert {name} is also the alert of SLO {other}"),
                "rename one of the two",
            ));
        }
        match compile_slo(slo, clock) {
            Ok(compiled) => groups.extend(compiled),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(RuleFile { clock, groups }) } else { Err(problems) }
}

fn compile_slo(slo: &Slo, clock: Clock) -> Result<Vec<Group>, Problem> {
    if slo.window.calendar.is_some() {
        return Err(Problem::error(
            &slo.metadata.file,
            format!("SLO/{}: spec.timeWindow[0].calendar", slo.metadata.name),
            "Prometheus rules have no calendar",
            "write isRolling: true, or judge this objective with the gate only",
        ));
    }
    part::check_annotations(slo)?;
    let name = format!("slo-{}-{}", slo.service, slo.metadata.name);
    let mut groups: Vec<Group> = Vec::new();
    let mut rules = Vec::new();
    for objective in &slo.objectives {
        let part = Part { slo, objective, clock };
        let mut measured = sli::samples(&part)?;
        match objective.slice {
            // Slices are recorded once per slice, everything else at the usual pace.
            Some(slice) => groups.push(Group {
                name: format!("{name}-{}-slices", objective.id),
                interval: clock.length(slice),
                rules: measured,
            }),
            None => rules.append(&mut measured),
        }
        rules.extend(sli::windows(&part)?);
        rules.extend(budget::rules(&part));
        rules.extend(alerts::rules(&part));
    }
    groups.push(Group { name, interval: clock.interval(), rules });
    Ok(groups)
}
