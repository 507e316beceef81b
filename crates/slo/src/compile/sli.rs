//! The error ratio of an objective: what is sampled, and how windows are made of the samples.
//!
//! | budgeting | sample | window | period |
//! | --- | --- | --- | --- |
//! | Occurrences, ratio | rates of bad and total events | rates over the window, directly | weighted: sum of bad rates by sum of total rates |
//! | Occurrences, threshold | numbers of bad and of all series | weighted | weighted |
//! | Occurrences, raw ratio | the ratio | its mean (a raw ratio carries no weights) | its mean |
//! | Timeslices | 0 or 1 per slice | bad slices by slices that fit into the window | mean over existing slices |
//! | RatioTimeslices | error ratio per slice | sum by slices that fit into the window | mean over existing slices |
//!
//! Denominators are guarded: without traffic there is no sample, never a NaN, because one NaN would
//! poison a sum over 30 days. A missing slice counts as good in the alerting windows (a Prometheus
//! that started a minute ago must not call its first bad second an outage); missing data has an
//! alert of its own, and the gate reports coverage.

use std::collections::BTreeSet;

use super::Rule;
use super::count::{Count, count_factor};
use super::events::{bad_and_total, may_be_nan, ratio};
use super::part::{NOW, Part};
use crate::decimal::Decimal;
use crate::openslo::model::{BudgetingMethod, Metric, Threshold};
use crate::period::Period;
use crate::problem::Problem;
use crate::promql::{Query, has_placeholder, substitute, windowed};

/// Every series' value of a threshold indicator: what the alert names the worst one from.
pub(super) const VALUE: &str = "slo:sli_value:last";
const BAD: &str = "slo:sli_bad:rate5m";
const TOTAL: &str = "slo:sli_total:rate5m";
const BAD_SERIES: &str = "slo:sli_bad:count";
const ALL_SERIES: &str = "slo:sli_total:count";
const RAW: &str = "slo:sli_error:ratio_raw";
/// The error ratio of one slice: 0 or 1 for Timeslices.
pub(super) const SLICE: &str = "slo:slice_error:ratio";

/// Name of the series whose existence means that the objective is measured.
pub(super) fn sample_name(part: &Part<'_>) -> &'static str {
    match (part.objective.slice, &part.objective.indicator.metric) {
        (Some(_), _) => SLICE,
        (None, Metric::Threshold(_)) => ALL_SERIES,
        (None, Metric::Raw { .. }) => RAW,
        (None, _) => TOTAL,
    }
}

/// The samples: one evaluation's worth of good and bad.
pub(super) fn samples(part: &Part<'_>) -> Result<Vec<Rule>, Problem> {
    let metric = &part.objective.indicator.metric;
    let window = part.objective.slice.unwrap_or(NOW);
    let range = part.clock.range(window).to_string();
    let events = bad_and_total(metric, &range).map_err(|error| part.refuse(error))?;
    Ok(match (metric, events, part.slo.method) {
        (_, Some((bad, total)), BudgetingMethod::Occurrences) => {
            if !may_be_nan(metric) {
                return Ok(vec![part.record(BAD, bad), part.record(TOTAL, total)]);
            }
            // A sample of one without the other would shift the ratio of the sums.
            vec![
                part.record(BAD, format!("{bad} and {total}")),
                part.record(TOTAL, format!("{total} and {bad}")),
            ]
        }
        (_, Some((bad, total)), _) => {
            vec![part.record(SLICE, slice_error(part, &ratio(&bad, &total)))]
        }
        (Metric::Threshold(query), _, method) => threshold_samples(part, query, &range, method),
        (Metric::Raw { ratio, failure }, _, method) => {
            let ratio = raw_error(part, ratio, *failure, &range)?;
            match method {
                BudgetingMethod::Occurrences => vec![part.record(RAW, ratio)],
                _ => vec![part.record(SLICE, slice_error(part, &ratio))],
            }
        }
        (Metric::Good { .. } | Metric::Bad { .. }, None, _) => Vec::new(),
    })
}

/// A slice of a ratio indicator is bad if its error ratio exceeds what the slice target allows.
pub(crate) fn slice_error(part: &Part<'_>, ratio: &str) -> String {
    match (part.slo.method, part.objective.slice_target) {
        (BudgetingMethod::Timeslices, Some(share)) => {
            format!("{ratio} > bool {}", share.one_minus())
        }
        _ => ratio.to_owned(),
    }
}

/// The value of every series, and what is made of it; for slices see [`bad_slice`].
fn threshold_samples(
    part: &Part<'_>,
    query: &Query,
    range: &str,
    method: BudgetingMethod,
) -> Vec<Rule> {
    let Some(threshold) = part.objective.threshold else {
        return Vec::new();
    };
    let value = part.record(VALUE, values(query, threshold, range));
    let bad = bad_series(&part.series(VALUE), threshold);
    match method {
        BudgetingMethod::Occurrences => vec![
            value,
            part.record(BAD_SERIES, format!("sum({bad})")),
            part.record(ALL_SERIES, format!("count({})", part.series(VALUE))),
        ],
        _ => {
            let values = format!("({})", values(query, threshold, range));
            let now = bad_series(&values, threshold);
            let slice = match part.objective.slice_target.filter(|share| *share != Decimal::ONE) {
                // Of what was recorded: the end of the slice.
                None => format!("max({bad})"),
                Some(_) => bad_slice(part, &now),
            };
            vec![value, part.record(SLICE, slice)]
        }
    }
}

/// 1 for a bad slice of a threshold indicator, 0 for a good one. All series have to be good at its
/// end; with a `timeSliceTarget` below 1, so large a share of all their samples in it.
pub(crate) fn bad_slice(part: &Part<'_>, bad: &str) -> String {
    let share = part.objective.slice_target.filter(|share| *share != Decimal::ONE);
    match (part.objective.slice, share) {
        (Some(slice), Some(share)) => {
            let (slice, step) = (part.clock.range(slice), part.clock.interval());
            format!("avg_over_time((avg({bad}))[{slice}:{step}]) > bool {}", share.one_minus())
        }
        _ => format!("max({bad})"),
    }
}

/// 1 for each series that misses the threshold, 0 for the others.
pub(crate) fn bad_series(values: &str, threshold: Threshold) -> String {
    format!("{values} {} bool {}", threshold.op.negated().promql(), threshold.value)
}

/// One sample per series, NaN dropped (no comparison with NaN is true) and freed of labels that
/// collide with ours.
pub(crate) fn values(query: &Query, threshold: Threshold, range: &str) -> String {
    // Where low is bad, -Inf is the worst there is, and no gap.
    let (worst, number) =
        if threshold.op.high_is_bad() { ("max", "> -Inf") } else { ("min", ">= -Inf") };
    let text = substitute(&query.text, range);
    format!("{worst} without (service, slo, objective) ({text}) {number}")
}

/// The failure ratio of a raw indicator within [0, 1]; NaN is dropped.
pub(crate) fn raw_error(
    part: &Part<'_>,
    query: &Query,
    failure: bool,
    range: &str,
) -> Result<String, Problem> {
    let ratio = raw_ratio(part, query, range)?;
    let error = if failure { ratio } else { format!("(1 - {ratio})") };
    Ok(format!("(clamp({error}, 0, 1) >= 0)"))
}

/// A raw ratio as it is: NaN without traffic, and outside of [0, 1] if it is no ratio.
pub(crate) fn raw_ratio(part: &Part<'_>, query: &Query, range: &str) -> Result<String, Problem> {
    let text = if has_placeholder(&query.text) || query.counter {
        windowed(query, range).map_err(|error| part.refuse(error))?
    } else {
        query.text.clone()
    };
    Ok(format!("avg({text})"))
}

/// The error ratio over every window and over the period.
pub(super) fn windows(part: &Part<'_>) -> Result<Vec<Rule>, Problem> {
    let mut rules = Vec::new();
    for window in part.windows() {
        let expr = window_ratio(part, window)?;
        rules.push(part.record(Part::ratio_name(window), expr));
    }
    let period = part.slo.window.duration;
    rules.push(part.record(Part::ratio_name(period), period_ratio(part)));
    if part.least_bad_events().is_some() {
        for long in long_windows(part) {
            rules.push(part.record(bad_events_name(long), bad_events(part, long)?));
        }
    }
    Ok(rules)
}

/// The long windows of the burn-rate alerts.
pub(super) fn long_windows(part: &Part<'_>) -> BTreeSet<Period> {
    part.pairs().into_iter().map(|pair| pair.long).collect()
}

/// Name of the number of bad events in a nominal window.
pub(super) fn bad_events_name(window: Period) -> String {
    format!("slo:sli_bad:increase{window}")
}

fn bad_events(part: &Part<'_>, window: Period) -> Result<String, Problem> {
    let (metric, range) = (&part.objective.indicator.metric, part.range(window));
    let events = bad_and_total(metric, &range.to_string()).map_err(|error| part.refuse(error))?;
    let bad = events.map(|(bad, _)| bad).unwrap_or_default();
    Ok(match count_factor(metric) {
        Count::PerSecond => format!("{bad} * {}", range.as_secs_f64()),
        Count::Events | Count::Unknown => bad,
    })
}

fn window_ratio(part: &Part<'_>, window: Period) -> Result<String, Problem> {
    let range = part.range(window);
    let text = range.to_string();
    let metric = &part.objective.indicator.metric;
    if part.objective.slice.is_some() {
        let slices = range.ratio(part.sample_interval()).max(1.0);
        // Up to Prometheus 2, a range that starts exactly on a sample holds one more than fits.
        return Ok(format!(
            "clamp_max(sum_over_time({}[{text}]) / {slices}, 1)",
            part.series(SLICE)
        ));
    }
    match bad_and_total(metric, &text).map_err(|error| part.refuse(error))? {
        Some((bad, total)) => Ok(ratio(&bad, &total)),
        None => Ok(over_time(part, &text)),
    }
}

fn period_ratio(part: &Part<'_>) -> String {
    let range = part.range(part.slo.window.duration);
    if part.objective.slice.is_some() {
        return format!("avg_over_time({}[{range}])", part.series(SLICE));
    }
    over_time(part, &range.to_string())
}

fn over_time(part: &Part<'_>, range: &str) -> String {
    let (bad, total) = match part.objective.indicator.metric {
        Metric::Raw { .. } => return format!("avg_over_time({}[{range}])", part.series(RAW)),
        Metric::Threshold(_) => (BAD_SERIES, ALL_SERIES),
        Metric::Good { .. } | Metric::Bad { .. } => (BAD, TOTAL),
    };
    let sum = |name| format!("sum_over_time({}[{range}])", part.series(name));
    ratio(&sum(bad), &sum(total))
}
