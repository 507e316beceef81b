//! Weighs the answers.

mod ratio;

use super::asked;
use super::numbers::percent;
use super::relative;
use super::{
    Baseline, Bounds, Check, Judgement, Judging, Outcome, Plan, QueryError, SCHEMA, Sample, Verdict,
};
use crate::wilson::{bounds, events_to_prove};
use ratio::{ratio, worst};

/// A window with less data than this proves nothing good.
const LEAST_COVERAGE: f64 = 0.8;

/// The answer to one query.
pub type Answer = Result<Vec<Sample>, QueryError>;

/// Judges the answers, which stand in the order of [`Plan::queries`]; a missing answer is
/// inconclusive.
pub fn judge(plan: &Plan, answers: Vec<Answer>, baseline: Option<&Baseline>) -> Verdict {
    let missing = || Err(QueryError { message: "the query was not asked".to_owned() });
    let mut answers = answers.into_iter();
    let judged: Vec<_> = plan
        .checks
        .iter()
        .map(|check| one(check, answers.next().unwrap_or_else(missing), baseline))
        .collect();
    if let Some(evaluation) = &plan.keptn {
        return super::keptn::judge(plan, evaluation, judged, baseline);
    }
    Verdict {
        schema: SCHEMA,
        // A gate that judged nothing has nothing to say.
        outcome: judged
            .iter()
            .map(|judgement| judgement.outcome)
            .max()
            .unwrap_or(Outcome::Inconclusive),
        window_seconds: plan.window_seconds,
        until: None,
        score: None,
        needed: None,
        objectives: judged,
    }
}

fn one(check: &Check, answer: Answer, baseline: Option<&Baseline>) -> Judgement {
    let mut judgement = blank(check);
    let outcome = match answer {
        Err(error) => {
            judgement.query_error = Some(error.message.clone());
            Err(format!("The query failed: {error}."))
        }
        Ok(samples) => match &check.rule {
            Judging::Events { .. } | Judging::Ratio { .. } | Judging::Gauges { .. } => {
                counted(check, &samples, &mut judgement)
            }
            Judging::Value(criterion) => {
                relative::judge(check, criterion, &samples, baseline, &mut judgement)
            }
            Judging::Indicator => indicator(check, &samples, &mut judgement),
        },
    };
    (judgement.outcome, judgement.reason) =
        outcome.unwrap_or_else(|reason| (Outcome::Inconclusive, reason));
    judgement
}

fn blank(check: &Check) -> Judgement {
    let (target, unit) = match &check.rule {
        Judging::Events { target } => (Some(*target), Some("events")),
        Judging::Ratio { target, unit, .. } => (Some(*target), Some(*unit)),
        Judging::Gauges { target } => (Some(*target), None),
        Judging::Value(_) | Judging::Indicator => (None, None),
    };
    Judgement {
        id: check.query.id.clone(),
        service: check.service.clone(),
        slo: check.slo.clone(),
        objective: check.objective.clone(),
        title: None,
        outcome: Outcome::Inconclusive,
        observed: None,
        since: check.since.clone(),
        target,
        ratio: target.is_some(),
        coverage: None,
        events: None,
        unit: unit.map(str::to_owned),
        bound: None,
        worst: None,
        baseline: None,
        uncompared: false,
        query_error: None,
        reason: String::new(),
        series: Vec::new(),
    }
}

/// `Ok` is an outcome, `Err` the reason why there is none.
pub(super) type Weighed = Result<(Outcome, String), String>;

pub(super) fn part(samples: &[Sample], name: &str) -> Option<f64> {
    let mut found = samples
        .iter()
        .filter(|sample| sample.labels.get("gate_part").is_some_and(|part| part == name));
    found.next().map(|sample| sample.value)
}

fn counted(check: &Check, samples: &[Sample], judgement: &mut Judgement) -> Weighed {
    let total = part(samples, "total").ok_or("There is no data in the window.")?;
    let bad = part(samples, "bad").ok_or("Bad events are not measured in the window.")?;
    let points = part(samples, "points").unwrap_or(0.0);
    if !total.is_finite() || !bad.is_finite() || !points.is_finite() {
        return Err("The answer is not a number (NaN or infinite).".to_owned());
    }
    let points = match check.bad_source {
        Some(_) => points.min(part(samples, "bad_points").unwrap_or(0.0)),
        None => points,
    };
    let coverage = (points / check.expected_points).min(1.0);
    judgement.coverage = Some(coverage);
    judgement.events = judgement.unit.is_some().then_some(total);
    if total <= 0.0 {
        return Err("There was no traffic in the window.".to_owned());
    }
    let good = (total - bad).clamp(0.0, total);
    let observed = good / total;
    judgement.observed = Some(observed);
    fresh(check, samples)?;
    let (outcome, reason) = match &check.rule {
        Judging::Events { target } => events(good, total, *target, judgement)?,
        Judging::Ratio { target, threshold, unit } => {
            judgement.worst = threshold.and_then(|threshold| worst(samples, threshold));
            let missing = 1.0 - coverage;
            ratio(observed, *target, missing, unit, *threshold, judgement)?
        }
        Judging::Gauges { target } => {
            let (outcome, text) =
                ratio(observed, *target, 1.0 - coverage, "traffic", None, judgement)?;
            if outcome == Outcome::Pass {
                return Err(format!(
                    "{text} How many events that were is unknown, so it proves nothing: write counters, or time slices."
                ));
            }
            (outcome, text)
        }
        Judging::Value(_) | Judging::Indicator => return Err("Nothing was counted.".to_owned()),
    };
    if outcome == Outcome::Pass {
        bad_is_measured(check, samples)?;
    }
    if outcome == Outcome::Pass {
        covered(coverage)?;
    }
    Ok((outcome, reason))
}

/// A value that is worth to be scored: what it is worth, the others decide, too.
fn indicator(check: &Check, samples: &[Sample], judgement: &mut Judgement) -> Weighed {
    asked::value(check, samples, judgement)?;
    asked::seen(judgement)?;
    Ok((Outcome::Pass, String::new()))
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

pub(super) fn fresh(check: &Check, samples: &[Sample]) -> Result<(), String> {
    if check.stale_after_seconds.is_infinite() {
        return Ok(());
    }
    match part(samples, "age") {
        Some(age) if age <= check.stale_after_seconds => Ok(()),
        Some(age) if age.is_finite() => Err(format!("The newest sample is {age:.0} s old.")),
        _ => Err("There is no current sample: the target is gone.".to_owned()),
    }
}

/// No errors were seen: was there anybody who would have seen them?
fn bad_is_measured(check: &Check, samples: &[Sample]) -> Result<(), String> {
    let Some(source) = &check.bad_source else {
        return Ok(());
    };
    if part(samples, "bad_points").is_none() {
        return Err(format!(
            "{source} has no sample in the window, so no errors are proven: correct its name, or let it begin at 0."
        ));
    }
    match part(samples, "bad_now") {
        Some(_) => Ok(()),
        None => Err(format!("{source} has no current sample: whoever counts bad events is gone.")),
    }
}

fn events(good: f64, total: f64, target: f64, judgement: &mut Judgement) -> Weighed {
    let (low, high) = bounds(good, total).ok_or("The counts are not counts.")?;
    judgement.bound = Some(Bounds { low, high });
    let observed = percent(good / total);
    let wanted = percent(target);
    if low >= target {
        Ok((Outcome::Pass, format!("{observed} good, surely at least {wanted}.")))
    } else if high < target {
        Ok((Outcome::Fail, format!("{observed} good, surely below {wanted}.")))
    } else {
        Err(format!(
            "{observed} good, {wanted} wanted, but {total:.0} events cannot decide it; {:.0} without an error would.",
            events_to_prove(target)
        ))
    }
}
