//! Slices, samples and gauges: no bounds, only a ratio and how much of the window it stands for.

use std::collections::BTreeMap;

use crate::gate::answer::{Sample, Weighed};
use crate::gate::numbers::{percent, short};
use crate::gate::verdict::{Judgement, Outcome, Worst};
use crate::openslo::model::Threshold;

/// Compares the plain ratio; what is missing of the window decides whether it can be a failure.
pub(super) fn ratio(
    observed: f64,
    target: f64,
    missing: f64,
    unit: &str,
    threshold: Option<Threshold>,
    judgement: &Judgement,
) -> Weighed {
    let worst = match (&judgement.worst, threshold) {
        (Some(worst), Some(threshold)) => format!(
            "; the worst was {} at {}, wanted {} {}",
            worst.name(),
            short(worst.value),
            threshold.op.promql(),
            threshold.value
        ),
        _ => String::new(),
    };
    let text =
        format!("{} of the {unit} good, {} wanted{worst}.", percent(observed), percent(target));
    if observed >= target {
        return Ok((Outcome::Pass, text));
    }
    // Even if everything that is missing had been good, would the objective be missed?
    let best_case = observed * (1.0 - missing) + missing;
    if best_case < target {
        Ok((Outcome::Fail, text))
    } else {
        Err(format!("{text} With {} of the window missing that is not certain.", percent(missing)))
    }
}

/// The series that did worst by this threshold.
pub(super) fn worst(samples: &[Sample], threshold: Threshold) -> Option<Worst> {
    let candidates = samples.iter().filter(|sample| sample.is_part("worst"));
    let sign = if threshold.op.high_is_bad() { 1.0 } else { -1.0 };
    candidates
        .filter(|sample| !sample.value.is_nan())
        .max_by(|a, b| (a.value * sign).total_cmp(&(b.value * sign)))
        .map(|sample| {
            let labels: BTreeMap<_, _> = sample
                .labels
                .iter()
                .filter(|(key, _)| *key != "gate_part")
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect();
            Worst { series: labels, value: sample.value }
        })
}
