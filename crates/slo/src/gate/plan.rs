//! What to ask Prometheus: one instant query per objective.
//!
//! A query is a union of parts, told apart by the label `gate_part`: `bad` and `total` (events,
//! slices or samples), `points` (how much of the window has data), `age` (of the newest sample) and
//! `worst` (per series); `bad_now` and `bad_points` if bad events have a source of their own. The
//! indicators are asked directly, so the gate needs no recording rules. `odd` counts looks at which
//! a ratio was outside of [0, 1], `good_now` and `good_points` are as for bad events, and `spacing`
//! says how far apart samples are: if closer than the looks, [`Plan::closer`] makes the plan that
//! sees them.

mod closer;
mod events;
mod states;
#[cfg(test)]
mod tests;

use super::check::{Again, Check, Looks, Plan, Query, Rule};
use super::expressions::{age, named, over, points_in, spacing, stale_after};
use super::relative;
use super::windows::{Windows, window_of};
use crate::clock::Clock;
use crate::compile::Part;
use crate::openslo::Catalogue;
use crate::openslo::model::Metric;
use crate::period::Period;
use crate::problem::Problem;
use crate::promql::{Query as PromqlQuery, metric_name, selectors};

/// Plans the judgement of every objective over the last `window` (wall-clock time; the clock only
/// says how long slices are and how dense samples).
///
/// # Errors
/// Queries without a place for the window, and gate annotations that are incomplete or not a
/// criterion.
pub fn plan(catalogue: &Catalogue, window: Period, clock: Clock) -> Result<Plan, Vec<Problem>> {
    plan_windows(catalogue, Windows::Same(window), clock)
}

/// As [`plan`], with a window for each SLO.
///
/// # Errors
/// As [`plan`]; and calendar windows that do not exist or have not begun.
pub fn plan_windows(
    catalogue: &Catalogue,
    windows: Windows,
    clock: Clock,
) -> Result<Plan, Vec<Problem>> {
    let mut checks = Vec::new();
    let mut problems = Vec::new();
    for slo in &catalogue.slos {
        let (window, since) = match window_of(slo, windows) {
            Ok(found) => found,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        let first = checks.len();
        for index in 0..slo.objectives.len() {
            let again = Again { slo: Box::new(slo.clone()), objective: index, clock, window };
            match check(again, None) {
                Ok(check) => checks.push(check),
                Err(problem) => problems.push(problem),
            }
        }
        match relative::plan(slo, window, clock) {
            Ok(check) => checks.extend(check),
            Err(problem) => problems.push(problem),
        }
        for check in &mut checks[first..] {
            check.since.clone_from(&since);
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let windows = checks.iter().map(|check: &Check| check.query.window_seconds);
    Ok(Plan::new(windows.fold(0.0, f64::max), checks))
}

/// The two numbers of an objective and the probe that shows coverage, as PromQL.
struct Evidence {
    bad: String,
    total: String,
    probe: String,
    step: Period,
    worst: Option<String>,
    /// Looks at which a ratio was none.
    odd: Option<String>,
    /// Is each look an instant, between which nothing is seen?
    instants: bool,
    rule: Rule,
    chart: String,
}

/// Plans one objective; with a step, states are looked at that often.
fn check(again: Again, step: Option<Period>) -> Result<Check, Problem> {
    let Again { slo, objective, clock, window } = &again;
    let (clock, window) = (*clock, *window);
    let part = &Part { slo, objective: &slo.objectives[*objective], clock };
    let evidence = match (part.objective.slice, &part.objective.indicator.metric) {
        (None, Metric::Good { .. } | Metric::Bad { .. }) => events::evidence(part, window)?,
        _ => states::evidence(part, window, step)?,
    };
    let points = |probe: &str| over("count_over_time", probe, window, evidence.step);
    let mut parts = vec![
        named("bad", &evidence.bad),
        named("total", &evidence.total),
        named("points", &points(&evidence.probe)),
    ];
    let query = part.objective.indicator.metric.queries().pop();
    let selected = query.map(|query| selectors(&query.text)).unwrap_or_default();
    parts.extend(selected.first().map(|selector| named("age", &age(selector))));
    if !selected.is_empty() {
        parts.push(named("spacing", &spacing(&selected, window, clock)));
    }
    parts.extend(evidence.worst.map(|worst| named("worst", &worst)));
    parts.extend(evidence.odd.map(|odd| named("odd", &odd)));
    let metric = &part.objective.indicator.metric;
    let [bad_source, good_source] = sources(metric).map(|source| {
        let (kind, selectors) = source?;
        let found: Vec<_> = selectors.iter().map(|selector| format!("count({selector})")).collect();
        let found = found.join(" and ");
        parts.push(named(&format!("{kind}_now"), &found));
        parts.push(named(&format!("{kind}_points"), &points(&found)));
        Some(selectors.join(" and "))
    });
    let looks = evidence.instants.then(|| Looks { step: evidence.step, again: again.clone() });
    Ok(Check {
        query: Query {
            id: part.slo.objective_id(part.objective),
            promql: parts.join(" or "),
            before_end_seconds: 0,
            window_seconds: window.as_secs_f64(),
            chart: Some(evidence.chart),
        },
        service: part.slo.service.clone(),
        slo: part.slo.metadata.name.clone(),
        objective: part.objective.id.clone(),
        since: None,
        expected_points: points_in(window, evidence.step),
        stale_after_seconds: stale_after(part.clock, selected.first()),
        bad_source,
        good_source,
        looks,
        rule: evidence.rule,
    })
}

/// The selectors of [`sources`].
pub(crate) fn sources_apart(metric: &Metric) -> Vec<String> {
    sources(metric).into_iter().flatten().flat_map(|(_, selectors)| selectors).collect()
}

/// What bad events, or good ones, are read from if that is not what all events are read from. Of
/// one metric, the series that counts errors may not exist before the first error, nor that of good
/// events while all fails; another metric may be mistyped, or its target dead.
fn sources(metric: &Metric) -> [Option<(&'static str, Vec<String>)>; 2] {
    let apart = |part: &PromqlQuery, total: &PromqlQuery| {
        let of_total = selectors(&total.text);
        let mut apart = selectors(&part.text);
        apart.retain(|part| of_total.iter().all(|total| metric_name(total) != metric_name(part)));
        (!apart.is_empty()).then_some(apart)
    };
    match metric {
        Metric::Bad { bad, total } => [apart(bad, total).map(|found| ("bad", found)), None],
        Metric::Good { good, total } => [None, apart(good, total).map(|found| ("good", found))],
        Metric::Raw { .. } | Metric::Threshold(_) => [None, None],
    }
}
