//! Relative criteria: the gate annotations of an SLO, planned and judged.

use super::judge::{Weighed, covered, fresh, part};
use super::numbers::short;
use super::plan::{age, named, points_in, stale_after, step};
use super::{Baseline, Check, Judgement, Judging, Outcome, Query, Sample};
use crate::clock::Clock;
use crate::criterion::Criterion;
use crate::openslo::model::Slo;
use crate::problem::Problem;
use crate::promql::{selectors, substitute, without_comments};
use crate::span::Span;

/// Annotation of an SLO: PromQL that yields one value.
const GATE_QUERY: &str = "tales.dev/gate-query";
/// Annotation of an SLO: what that value must satisfy, e.g. `<=+10%`.
const GATE_CRITERION: &str = "tales.dev/gate-criterion";

/// The gate annotations of an SLO: a query and a criterion, both or none.
pub(super) fn plan(slo: &Slo, window: Span, clock: Clock) -> Result<Option<Check>, Problem> {
    let annotation = |key: &str| slo.metadata.annotations.get(key);
    let refuse = |key: &str, message: String, remedy: &str| {
        let field = format!("SLO/{}: metadata.annotations.{key}", slo.metadata.name);
        Err(Problem::error(&slo.metadata.file, field, message, remedy))
    };
    let (query, criterion) = match (annotation(GATE_QUERY), annotation(GATE_CRITERION)) {
        (None, None) => return Ok(None),
        (Some(query), Some(criterion)) => (query, criterion),
        (None, Some(_)) => {
            return refuse(
                GATE_QUERY,
                "is missing".to_owned(),
                "add the query that the criterion judges",
            );
        }
        (Some(_), None) => {
            return refuse(
                GATE_CRITERION,
                "is missing".to_owned(),
                "add a criterion such as <=+10%",
            );
        }
    };
    let criterion: Criterion = match criterion.parse() {
        Ok(criterion) => criterion,
        Err(error) => {
            let error: crate::criterion::NotACriterion = error;
            return refuse(GATE_CRITERION, error.to_string(), "correct the criterion");
        }
    };
    let query = &without_comments(query);
    let text = substitute(query, &window.to_string());
    let mut parts = vec![named("value", &format!("({text})"))];
    let selected = selectors(query);
    let step = step(window, clock.interval());
    if let Some(selector) = selected.first() {
        let points = format!("count_over_time((count({selector}))[{window}:{step}])");
        parts.extend([named("age", &age(selector)), named("points", &points)]);
    }
    Ok(Some(Check {
        query: Query {
            id: format!("{}/{}/gate", slo.service, slo.metadata.name),
            promql: parts.join(" or "),
            before_end_seconds: 0,
            window_seconds: window.as_secs_f64(),
            chart: Some(text),
        },
        service: slo.service.clone(),
        slo: slo.metadata.name.clone(),
        objective: "gate".to_owned(),
        since: None,
        expected_points: points_in(window, step),
        stale_after_seconds: stale_after(clock, selected.first()),
        bad_source: None,
        rule: Judging::Value(criterion),
    }))
}

/// Judges the value of a relative criterion against the pinned baseline.
pub(super) fn judge(
    check: &Check,
    criterion: &Criterion,
    samples: &[Sample],
    baseline: Option<&Baseline>,
    judgement: &mut Judgement,
) -> Weighed {
    let is_value = |sample: &&Sample| {
        sample
            .labels
            .get("gate_part")
            .is_none_or(|part| part == "value")
    };
    let values: Vec<Sample> = samples.iter().filter(is_value).cloned().collect();
    let value = single_value(&values)?;
    judgement.observed = Some(value);
    fresh(check, samples)?;
    let covered = match coverage(check, samples) {
        Some(coverage) => {
            judgement.coverage = Some(coverage);
            covered(coverage)
        }
        None => Ok(()),
    };
    let earlier = baseline
        .and_then(|baseline| baseline.values.get(&check.query.id))
        .copied();
    judgement.baseline = earlier.filter(|_| criterion.is_relative());
    let Some(bound) = criterion.bound(earlier) else {
        // A value of a few seconds is no example for later ones either.
        covered?;
        judgement.uncompared = true;
        return Err(format!(
            "{}; wanted {criterion}, and there is no earlier value to compare with.",
            short(value)
        ));
    };
    if !bound.is_finite() {
        return Err("The baseline is not a number.".to_owned());
    }
    judgement.target = Some(bound);
    let holds = criterion.holds(value, bound);
    if holds {
        covered?;
    }
    let outcome = if holds { Outcome::Pass } else { Outcome::Fail };
    let change = match judgement.baseline {
        Some(earlier) if earlier != 0.0 => {
            format!(
                ", {:+.1} % of the baseline {}",
                (value / earlier - 1.0) * 100.0,
                short(earlier)
            )
        }
        _ => String::new(),
    };
    Ok((
        outcome,
        format!("{}{change}; wanted {criterion}.", short(value)),
    ))
}

/// Share of the window in which what the query reads has data; a constant reads nothing.
fn coverage(check: &Check, samples: &[Sample]) -> Option<f64> {
    let reads = check.stale_after_seconds.is_finite();
    let points = part(samples, "points").filter(|points| points.is_finite());
    reads.then(|| (points.unwrap_or(0.0) / check.expected_points).min(1.0))
}

/// Exactly one finite sample, or the reason why not.
pub(super) fn single_value(samples: &[Sample]) -> Result<f64, String> {
    match samples {
        [] => Err("There is no data.".to_owned()),
        [sample] if sample.value.is_finite() => Ok(sample.value),
        [_] => Err("The answer is not a number (NaN or infinite).".to_owned()),
        many => Err(format!(
            "The query yields {} series, one is needed: aggregate it.",
            many.len()
        )),
    }
}
