//! What to ask Prometheus: one instant query per objective.
//!
//! A query is a union of parts, told apart by the label `gate_part`: `bad` and `total` (events, slices or samples),
//! `points` (how much of the window has data), `age` (of the newest sample) and `worst` (per series). The indicators
//! are asked directly, so the gate needs no recording rules.

use super::windows::{Windows, window_of};
use super::{Check, Judging, Plan, Query, relative};
use crate::clock::Clock;
use crate::compile::{Part, bad_and_total, raw_error, values};
use crate::openslo::Catalogue;
use crate::openslo::model::{BudgetingMethod, Metric};
use crate::problem::Problem;
use crate::promql::{has_placeholder, selectors};
use crate::span::Span;

/// A window is looked at in at most this many steps: a gate must not load Prometheus.
const MOST_STEPS: u64 = 1000;

/// Plans the judgement of every objective over the last `window` (wall-clock time; the clock only says how long slices
/// are and how dense samples).
///
/// # Errors
/// Queries without a place for the window, and gate annotations that are incomplete or not a criterion.
pub fn plan(catalogue: &Catalogue, window: Span, clock: Clock) -> Result<Plan, Vec<Problem>> {
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
            let part = Part {
                slo,
                objective,
                clock,
            };
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
    Ok(Plan {
        window_seconds: checks
            .iter()
            .map(|check: &Check| check.query.window_seconds)
            .fold(0.0, f64::max),
        checks,
        keptn: None,
    })
}

/// The two numbers of an objective and the probe that shows coverage, as PromQL.
struct Evidence {
    bad: String,
    total: String,
    probe: String,
    step: Span,
    worst: Option<String>,
    rule: Judging,
    chart: String,
}

fn check(part: &Part<'_>, window: Span) -> Result<Check, Problem> {
    let evidence = match (part.objective.slice, &part.objective.indicator.metric) {
        (None, Metric::Good { .. } | Metric::Bad { .. }) => events(part, window)?,
        _ => states(part, window)?,
    };
    let points = format!(
        "count_over_time(({})[{window}:{}])",
        evidence.probe, evidence.step
    );
    let mut parts = vec![
        named("bad", &evidence.bad),
        named("total", &evidence.total),
        named("points", &points),
    ];
    let query = part.objective.indicator.metric.queries().pop();
    let selected = query
        .map(|query| selectors(&query.text))
        .unwrap_or_default();
    parts.extend(
        selected
            .first()
            .map(|selector| named("age", &age(selector))),
    );
    parts.extend(evidence.worst.map(|worst| named("worst", &worst)));
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
        expected_points: window.ratio(evidence.step).floor().max(1.0),
        stale_after_seconds: stale_after(part.clock, selected.first()),
        rule: evidence.rule,
    })
}

pub(super) fn named(part: &str, expr: &str) -> String {
    format!("label_replace({expr}, \"gate_part\", \"{part}\", \"\", \"\")")
}

pub(super) fn age(selector: &str) -> String {
    format!("time() - max(timestamp({selector}))")
}

/// A few scrapes; a query that selects no series (a constant) cannot be stale.
pub(super) fn stale_after(clock: Clock, selector: Option<&String>) -> f64 {
    match (clock, selector) {
        (_, None) => f64::INFINITY,
        (Clock::Real, _) => 120.0,
        (Clock::Stage, _) => 5.0,
    }
}

/// The range of a rate that shows whether there are samples: a few scrapes.
fn probe_range(clock: Clock) -> Span {
    match clock {
        Clock::Real => Span::minutes(2),
        Clock::Stage => Span::seconds(3),
    }
}

pub(super) fn step(window: Span, shortest: Span) -> Span {
    let even = Span::from_millis(window.as_millis().div_ceil(MOST_STEPS));
    // Whole seconds: Prometheus aligns the steps of a subquery, and people read them.
    Span::seconds(even.as_millis().div_ceil(1000)).max(shortest)
}

fn events(part: &Part<'_>, window: Span) -> Result<Evidence, Problem> {
    let metric = &part.objective.indicator.metric;
    let over = |range: Span| {
        let events =
            bad_and_total(metric, &range.to_string()).map_err(|error| part.refuse(error))?;
        events.ok_or_else(|| part.refuse(crate::promql::WindowError::NoSelector))
    };
    let (bad, total) = over(window)?;
    let (probe_bad, probe) = over(probe_range(part.clock))?;
    let target = part.objective.target.to_f64();
    let per_second = format!("{}", window.as_secs_f64());
    // How many events there were decides what they prove; a gauge does not say.
    let (factor, rule) = match count_factor(metric) {
        Count::PerSecond => (per_second.as_str(), Judging::Events { target }),
        Count::Events => ("1", Judging::Events { target }),
        Count::Unknown => (
            "1",
            Judging::Ratio {
                target,
                threshold: None,
                unit: "units",
            },
        ),
    };
    Ok(Evidence {
        bad: format!("({bad}) * {factor}"),
        total: format!("({total}) * {factor}"),
        step: step(window, part.clock.interval()),
        worst: None,
        rule,
        chart: format!("{probe_bad} / ({probe} > 0)"),
        probe,
    })
}

/// What the numbers of a ratio indicator count.
pub(crate) enum Count {
    PerSecond,
    Events,
    Unknown,
}

pub(crate) fn count_factor(metric: &Metric) -> Count {
    let mut counts = metric.queries().into_iter().map(|query| {
        let text = &query.text;
        if has_placeholder(text)
            && (text.contains("increase(") || text.contains("count_over_time("))
        {
            Count::Events
        } else if query.counter || text.contains("rate(") {
            Count::PerSecond
        } else {
            Count::Unknown
        }
    });
    match (counts.next(), counts.next()) {
        (Some(Count::PerSecond), Some(Count::PerSecond)) => Count::PerSecond,
        (Some(Count::Events), Some(Count::Events)) => Count::Events,
        _ => Count::Unknown,
    }
}

/// Slices, samples of a threshold and raw ratios: an error ratio now, looked at step by step.
fn states(part: &Part<'_>, window: Span) -> Result<Evidence, Problem> {
    let metric = &part.objective.indicator.metric;
    let slice = part.objective.slice.map(|slice| part.clock.length(slice));
    let step = step(window, slice.unwrap_or(part.clock.interval()));
    let range = part
        .clock
        .range(part.objective.slice.unwrap_or(Span::minutes(5)))
        .to_string();
    let target = part.objective.target.to_f64();
    let over = |function: &str, expr: &str| format!("{function}(({expr})[{window}:{step}])");
    let unit = if slice.is_some() { "slices" } else { "samples" };
    if let (Metric::Threshold(query), Some(threshold)) = (metric, part.objective.threshold) {
        let (extreme, pick) = if threshold.op.high_is_bad() {
            ("max_over_time", "max")
        } else {
            ("min_over_time", "min")
        };
        let values = values(query, threshold, &range);
        let bad = format!(
            "({values}) {} bool {}",
            threshold.op.negated().promql(),
            threshold.value
        );
        // A slice is bad if any series is; without slices every sample counts.
        let (bad, all) = match slice {
            Some(_) => (format!("max({bad})"), format!("max({values}) * 0 + 1")),
            None => (format!("sum({bad})"), format!("count({values})")),
        };
        return Ok(Evidence {
            bad: over("sum_over_time", &bad),
            total: over("sum_over_time", &all),
            probe: all,
            step,
            worst: Some(over(extreme, &values)),
            rule: Judging::Ratio {
                target,
                threshold: Some(threshold),
                unit,
            },
            chart: format!("{pick}({values})"),
        });
    }
    let ratio = match metric {
        Metric::Raw { ratio, failure } => raw_error(part, ratio, *failure, &range)?,
        metric => match bad_and_total(metric, &range).map_err(|error| part.refuse(error))? {
            Some((bad, total)) => format!("{bad} / ({total} > 0)"),
            None => return Err(part.refuse(crate::promql::WindowError::NoSelector)),
        },
    };
    let bad = match (part.slo.method, part.objective.slice_target) {
        (BudgetingMethod::Timeslices, Some(share)) => {
            format!("{ratio} > bool {}", share.one_minus())
        }
        _ => ratio.clone(),
    };
    Ok(Evidence {
        bad: over("sum_over_time", &bad),
        total: over("count_over_time", &bad),
        probe: bad,
        step,
        worst: None,
        rule: Judging::Ratio {
            target,
            threshold: None,
            unit,
        },
        chart: ratio,
    })
}
