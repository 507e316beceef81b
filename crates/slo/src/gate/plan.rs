//! What to ask Prometheus: one instant query per objective.
//!
//! A query is a union of parts, told apart by the label `gate_part`: `bad` and `total` (events,
//! slices or samples), `points` (how much of the window has data), `age` (of the newest sample) and
//! `worst` (per series); `bad_now` and `bad_points` if bad events have a source of their own. The
//! indicators are asked directly, so the gate needs no recording rules.

mod events;
mod states;
#[cfg(test)]
mod tests;

use super::check::{Check, Plan, Query, Rule};
use super::expressions::{age, named, over, points_in, stale_after};
use super::relative;
use super::windows::{Windows, window_of};
use crate::clock::Clock;
use crate::compile::Part;
use crate::openslo::Catalogue;
use crate::openslo::model::Metric;
use crate::period::Period;
use crate::problem::Problem;
use crate::promql::{metric_name, selectors};

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
        for objective in &slo.objectives {
            let part = Part { slo, objective, clock };
            match check(&part, window) {
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
    rule: Rule,
    chart: String,
}

fn check(part: &Part<'_>, window: Period) -> Result<Check, Problem> {
    let evidence = match (part.objective.slice, &part.objective.indicator.metric) {
        (None, Metric::Good { .. } | Metric::Bad { .. }) => events::evidence(part, window)?,
        _ => states::evidence(part, window)?,
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
    parts.extend(evidence.worst.map(|worst| named("worst", &worst)));
    let bad_source = bad_source(&part.objective.indicator.metric);
    if let Some(selectors) = &bad_source {
        let found: Vec<_> = selectors.iter().map(|selector| format!("count({selector})")).collect();
        let found = found.join(" and ");
        parts.extend([named("bad_now", &found), named("bad_points", &points(&found))]);
    }
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
        bad_source: bad_source.map(|selectors| selectors.join(" and ")),
        rule: evidence.rule,
    })
}

/// What bad events are read from if that is not what all events are read from. Of one metric, the
/// series that counts errors may not exist before the first error; another metric may be mistyped,
/// or its target dead.
fn bad_source(metric: &Metric) -> Option<Vec<String>> {
    let Metric::Bad { bad, total } = metric else {
        return None;
    };
    let of_total = selectors(&total.text);
    let mut apart = selectors(&bad.text);
    apart.retain(|bad| of_total.iter().all(|total| metric_name(total) != metric_name(bad)));
    (!apart.is_empty()).then_some(apart)
}
