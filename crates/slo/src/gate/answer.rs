//! What Prometheus answers, and what is evidence of it.

use std::collections::BTreeMap;

use super::check::Check;
use super::numbers::percent;
use super::verdict::Outcome;

/// A window with less data than this proves nothing good.
const LEAST_COVERAGE: f64 = 0.8;

/// The answer to one query.
pub type Answer = Result<Vec<Sample>, QueryError>;

/// One series of an instant vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Labels without `__name__`.
    pub labels: BTreeMap<String, String>,
    /// May be NaN or infinite.
    pub value: f64,
}

impl Sample {
    /// Is it this part of the query's union?
    pub(super) fn is_part(&self, name: &str) -> bool {
        self.labels.get("gate_part").is_some_and(|part| part == name)
    }
}

/// Why a query has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct QueryError {
    /// What Prometheus or the network said.
    pub message: String,
}

/// An outcome and its reason; or the reason why there is no evidence for either.
pub(super) type Weighed = Result<(Outcome, String), String>;

/// The value of a part of the query's union.
pub(super) fn part(samples: &[Sample], name: &str) -> Option<f64> {
    samples.iter().find(|sample| sample.is_part(name)).map(|sample| sample.value)
}

/// The newest sample is young enough.
pub(super) fn fresh(check: &Check, samples: &[Sample]) -> Result<(), String> {
    if check.is_unprobed() {
        return Ok(());
    }
    // Who is scraped every few minutes cannot have a sample of the last two.
    let spacing = part(samples, "spacing").filter(|spacing| spacing.is_finite()).unwrap_or(0.0);
    match part(samples, "age") {
        Some(age) if age <= check.stale_after_seconds.max(2.5 * spacing) => Ok(()),
        Some(age) if age.is_finite() => Err(format!("The newest sample is {age:.0} s old.")),
        _ => Err("There is no current sample: the target is gone.".to_owned()),
    }
}

/// Enough of the window has data to say something good about it.
pub(super) fn covered(coverage: f64) -> Result<(), String> {
    if coverage >= LEAST_COVERAGE {
        return Ok(());
    }
    Err(format!(
        "Only {} of the window has data, {} is needed to pass.",
        percent(coverage),
        percent(LEAST_COVERAGE)
    ))
}
