//! Evidence of slices, samples of a threshold and raw ratios: an error ratio now, looked at step by
//! step.

use super::Evidence;
use crate::compile::{
    Part, as_counted, bad_and_total, bad_series, bad_slice, ratio, raw_error, raw_ratio,
    slice_error, values,
};
use crate::gate::check::Rule;
use crate::gate::expressions::{MOST_LOOKS, over};
use crate::openslo::model::{Metric, Threshold};
use crate::period::Period;
use crate::problem::Problem;
use crate::promql::{WindowError, has_instants, seen, substitute};

/// So many slices are judged, each of them: a month of minutes is 43,200. More would load
/// Prometheus too much, and a selection of slices proves nothing about the others.
const MOST_SLICES: u64 = 50_000;

pub(super) fn evidence(
    part: &Part<'_>,
    window: Period,
    step: Option<Period>,
) -> Result<Evidence, Problem> {
    let metric = &part.objective.indicator.metric;
    let step = match part.objective.slice {
        Some(slice) => every_slice(part, part.clock.length(slice), window)?,
        None => every_look(part, step.unwrap_or(part.clock.interval()), window)?,
    };
    let range = part.clock.range(part.objective.slice.unwrap_or(Period::minutes(5))).to_string();
    if let (Metric::Threshold(query), Some(threshold)) = (metric, part.objective.threshold) {
        let values = values(query, threshold, &range);
        let seen = seen(&substitute(&query.text, &range));
        let instants = part.objective.slice.is_none() && has_instants(&query.text);
        let evidence = of_threshold(part, threshold, &values, window, step);
        // Nobody calls, and a quantile is NaN: that is no gap.
        let probe = seen.unwrap_or(evidence.probe);
        return Ok(Evidence { probe, instants, ..evidence });
    }
    let refuse = |error| part.refuse(error);
    let (error, found, probe) = match metric {
        Metric::Raw { ratio, failure } => {
            let found = raw_ratio(part, ratio, &range)?;
            (raw_error(part, ratio, *failure, &range)?, found.clone(), seen(&found))
        }
        metric => {
            let clamped = bad_and_total(metric, &range).map_err(refuse)?;
            let counted = as_counted(metric, &range).map_err(refuse)?;
            match clamped.zip(counted) {
                Some(((bad, total), (counted, _))) => {
                    (ratio(&bad, &total), ratio(&counted, &total), None)
                }
                None => return Err(part.refuse(WindowError::NoSelector)),
            }
        }
    };
    let bad = slice_error(part, &error);
    let odd = format!("({found} < bool -0.02) + ({found} > bool 1.02)");
    Ok(Evidence {
        bad: over("sum_over_time", &bad, window, step),
        total: over("count_over_time", &bad, window, step),
        probe: probe.unwrap_or(bad),
        step,
        worst: None,
        odd: Some(over("sum_over_time", &odd, window, step)),
        instants: matches!(metric, Metric::Raw { ratio, .. } if has_instants(&ratio.text))
            && part.objective.slice.is_none(),
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
        Some(_) => (bad_slice(part, &bad), format!("count({values}) > bool 0")),
        None => (format!("sum({bad})"), format!("count({values})")),
    };
    Evidence {
        bad: over("sum_over_time", &bad, window, step),
        total: over("sum_over_time", &all, window, step),
        probe: all,
        step,
        worst: Some(over(extreme, values, window, step)),
        odd: None,
        instants: false,
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

/// The step that looks at each sample, as far as it is known how close they are.
fn every_look(part: &Part<'_>, step: Period, window: Period) -> Result<Period, Problem> {
    if window.as_millis() / step.as_millis() <= MOST_LOOKS {
        return Ok(step);
    }
    Err(Problem::error(
        &part.slo.metadata.file,
        format!("SLO/{}: objective {}", part.slo.metadata.name, part.objective.id),
        format!("{window} are too long to look at every sample"),
        "judge a shorter window, e.g. with --last, or write Timeslices",
    ))
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
