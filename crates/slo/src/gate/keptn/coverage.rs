//! How much of the window an indicator of Keptn has seen. Its query is one number and does not say: a target that died
//! after ten minutes of an hour leaves the number of those ten minutes.

use super::super::judge::{LEAST_COVERAGE, Weighed, fresh, part};
use super::super::numbers::percent;
use super::super::plan::{age, named, stale_after, step};
use super::super::relative::single_value;
use super::super::{Check, Judgement, Outcome, Sample};
use crate::clock::Clock;
use crate::promql::{selectors, without_comments};
use crate::span::Span;

/// The query of an indicator as it is asked, and what a whole answer looks like.
pub(super) struct Asked {
    pub(super) promql: String,
    /// Points of a fully covered window.
    pub(super) expected_points: f64,
    pub(super) stale_after_seconds: f64,
}

impl Asked {
    /// The value alone, as Keptn asked.
    pub(super) fn plain(query: &str) -> Self {
        Self {
            promql: query.to_owned(),
            expected_points: 1.0,
            stale_after_seconds: f64::INFINITY,
        }
    }

    /// In the same query, the value, the age of the newest sample and the points of the window that have data.
    pub(super) fn with_coverage(query: &str, window: Span, clock: Clock) -> Self {
        let text = without_comments(query);
        let selected = selectors(&text);
        // `label_replace` takes no scalar, and without a parser nobody knows what comes out of `scalar(a) / 2`.
        let (Some(first), false) = (selected.first(), has_word(&text, "scalar")) else {
            return Self::plain(query);
        };
        // `errors or vector(0)`: in good times the first of the two does not exist.
        let seen = if has_word(&text, "or") {
            selected.join(" or ")
        } else {
            first.clone()
        };
        let step = step(window, clock.interval());
        let points = format!("count_over_time((count({seen}))[{window}:{step}])");
        let parts = [
            named("value", &format!("({text})")),
            named("age", &age(&seen)),
            named("points", &points),
        ];
        Self {
            promql: parts.join(" or "),
            expected_points: window.ratio(step).floor().max(1.0),
            stale_after_seconds: stale_after(clock, Some(first)),
        }
    }
}

fn has_word(text: &str, wanted: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .any(|word| word.eq_ignore_ascii_case(wanted))
}

/// Nothing was asked about coverage.
pub(super) fn is_unknown(check: &Check) -> bool {
    check.stale_after_seconds.is_infinite()
}

/// The one value of an indicator, if it is worth to be judged.
pub(in crate::gate) fn weigh(
    check: &Check,
    samples: &[Sample],
    judgement: &mut Judgement,
) -> Weighed {
    let is_value = |sample: &&Sample| {
        let part = sample.labels.get("gate_part");
        is_unknown(check) || part.is_some_and(|part| part == "value")
    };
    let values: Vec<Sample> = samples.iter().filter(is_value).cloned().collect();
    judgement.observed = Some(single_value(&values)?);
    if is_unknown(check) {
        return Ok((Outcome::Pass, String::new()));
    }
    let points = part(samples, "points").unwrap_or(0.0);
    let coverage = (points / check.expected_points).min(1.0);
    judgement.coverage = Some(coverage);
    fresh(check, samples)?;
    if coverage < LEAST_COVERAGE {
        return Err(format!(
            "Only {} of the window has data, {} is needed.",
            percent(coverage),
            percent(LEAST_COVERAGE)
        ));
    }
    Ok((Outcome::Pass, String::new()))
}
