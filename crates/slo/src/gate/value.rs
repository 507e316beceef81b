//! The answer to a [`ValueQuery`](super::ValueQuery): one number, fresh and covered, or the reason
//! why not.

use super::answer::{Sample, covered, fresh, part};
use super::check::Check;
use super::verdict::Judgement;

/// The one value; into the judgement goes how much of the window it has seen. A stale value does
/// not count.
pub(super) fn value(
    check: &Check,
    samples: &[Sample],
    judgement: &mut Judgement,
) -> Result<f64, String> {
    let is_value = |sample: &&Sample| check.is_unprobed() || sample.is_part("value");
    let values: Vec<&Sample> = samples.iter().filter(is_value).collect();
    let value = single_value(&values)?;
    judgement.observed = Some(value);
    if !check.is_unprobed() {
        let points = part(samples, "points").filter(|points| points.is_finite());
        let coverage = points.unwrap_or(0.0) / check.expected_points;
        judgement.coverage = Some(coverage.min(1.0));
        fresh(check, samples)?;
    }
    Ok(value)
}

/// Enough of the window was seen, as far as that is known.
pub(super) fn seen(judgement: &Judgement) -> Result<(), String> {
    judgement.coverage.map_or(Ok(()), covered)
}

/// Exactly one finite sample, or the reason why not.
fn single_value(samples: &[&Sample]) -> Result<f64, String> {
    match samples {
        [] => Err("There is no data.".to_owned()),
        [sample] if sample.value.is_finite() => Ok(sample.value),
        [_] => Err("The answer is not a number (NaN or infinite).".to_owned()),
        many => {
            Err(format!("The query yields {} series, one is needed: aggregate it.", many.len()))
        }
    }
}
