//! Evidence of slices, samples of a threshold and raw ratios: an error ratio now, looked at step by
//! step.

use super::Evidence;
use crate::compile::{Part, bad_and_total, bad_series, ratio, raw_error, slice_error, values};
use crate::gate::check::Rule;
use crate::gate::expressions::{over, step};
use crate::openslo::model::{Metric, Threshold};
use crate::period::Period;
use crate::problem::Problem;
use crate::promql::WindowError;

/// So many slices are judged, each of them: a month of minutes is 43,200. More would load
/// Prometheus too much, and a selection of slices proves nothing about the others.
const MOST_SLICES: u64 = 50_000;

pub(super) fn evidence(part: &Part<'_>, window: Period) -> Result<Evidence, Problem> {
    let metric = &part.objective.indicator.metric;
    let step = match part.objective.slice {
        Some(slice) => every_slice(part, part.clock.length(slice), window)?,
        None => step(window, part.clock.interval()),
    };
    let range = part.clock.range(part.objective.slice.unwrap_or(Period::minutes(5))).to_string();
    if let (Metric::Threshold(query), Some(threshold)) = (metric, part.objective.threshold) {
        let values = values(query, threshold, &range);
        return Ok(of_threshold(part, threshold, &values, window, step));
    }
    let error = match metric {
        Metric::Raw { ratio, failure } => raw_error(part, ratio, *failure, &range)?,
        metric => match bad_and_total(metric, &range).map_err(|error| part.refuse(error))? {
            Some((bad, total)) => ratio(&bad, &total),
            None => return Err(part.refuse(WindowError::NoSelector)),
        },
    };
    let bad = slice_error(part, &error);
    Ok(Evidence {
        bad: over("sum_over_time", &bad, window, step),
        total: over("count_over_time", &bad, window, step),
        probe: bad,
        step,
        worst: None,
        rule: rule(part, None),
        chart: error,
    })
}

fn of_threshold(
    part: &Part<'_>,
    threshold: Threshold,
    values: &str,
    window: Period,
    step: Period,
) -> Evidence {
    let (extreme, pick) = if threshold.op.high_is_bad() {
        ("max_over_time", "max")
    } else {
        ("min_over_time", "min")
    };
    let bad = bad_series(&format!("({values})"), threshold);
    // A slice is bad if any series is; without slices every sample counts.
    let (bad, all) = match part.objective.slice {
        Some(_) => (format!("max({bad})"), format!("count({values}) > bool 0")),
        None => (format!("sum({bad})"), format!("count({values})")),
    };
    Evidence {
        bad: over("sum_over_time", &bad, window, step),
        total: over("sum_over_time", &all, window, step),
        probe: all,
        step,
        worst: Some(over(extreme, values, window, step)),
        rule: rule(part, Some(threshold)),
        chart: format!("{pick}({values})"),
    }
}

fn rule(part: &Part<'_>, threshold: Option<Threshold>) -> Rule {
    let slices = part.objective.slice.is_some();
    Rule::Ratio {
        target: part.objective.target.to_f64(),
        threshold,
        unit: if slices { "slices" } else { "samples" },
    }
}

/// The step that looks at each slice once.
fn every_slice(part: &Part<'_>, slice: Period, window: Period) -> Result<Period, Problem> {
    let refuse = |message: String, remedy: &str| {
        let field = format!(
            "SLO/{}: objective {}: timeSliceWindow",
            part.slo.metadata.name, part.objective.id
        );
        Err(Problem::error(&part.slo.metadata.file, field, message, remedy))
    };
    if window < slice {
        return refuse(
            format!("the window of {window} is shorter than a slice of {slice}"),
            "judge a longer window, e.g. with --last",
        );
    }
    let slices = window.as_millis() / slice.as_millis();
    if slices > MOST_SLICES {
        return refuse(
            format!(
                "{window} hold {slices} slices of {slice}, more than the {MOST_SLICES} that a gate looks at"
            ),
            "judge a shorter window, e.g. with --last, or write a longer timeSliceWindow",
        );
    }
    Ok(slice)
}
