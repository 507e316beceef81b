//! Weighs the answers: is this evidence, and what does it show?

mod contradiction;
mod ratio;

use super::answer::{Answer, QueryError, Sample, Weighed, covered, fresh, part};
use super::baseline::Baseline;
use super::check::{Check, Plan, Rule};
use super::numbers::percent;
use super::verdict::{Bounds, Judgement, Outcome, Verdict};
use super::{relative, value};
use crate::wilson::{bounds, events_to_prove};
use ratio::{ratio, worst};

/// Judges the answers, which stand in the order of [`Plan::queries`]: the worst outcome decides. A
/// missing answer is inconclusive.
pub fn judge(plan: &Plan, answers: Vec<Answer>, baseline: Option<&Baseline>) -> Verdict {
    let judgements = weigh(plan, answers, baseline);
    let worst = judgements.iter().map(|judgement| judgement.outcome).max();
    // A gate that judged nothing has nothing to say.
    let outcome = worst.unwrap_or(Outcome::Inconclusive);
    Verdict::new(outcome, plan.window_seconds, judgements)
}

/// As [`judge`], each answer by itself, without an overall outcome: for those who decide by a rule
/// of their own.
pub fn weigh(plan: &Plan, answers: Vec<Answer>, baseline: Option<&Baseline>) -> Vec<Judgement> {
    let missing = || Err(QueryError { message: "the query was not asked".to_owned() });
    let mut answers = answers.into_iter();
    plan.checks
        .iter()
        .map(|check| judgement(check, answers.next().unwrap_or_else(missing), baseline))
        .collect()
}

fn judgement(check: &Check, answer: Answer, baseline: Option<&Baseline>) -> Judgement {
    let mut judgement = blank(check);
    let weighed = match answer {
        Err(error) => {
            judgement.query_error = Some(error.message.clone());
            Err(format!("The query failed: {error}."))
        }
        Ok(samples) => match &check.rule {
            Rule::Events { .. } | Rule::Ratio { .. } | Rule::Gauges { .. } => {
                counted(check, &samples, &mut judgement)
            }
            Rule::Criterion(criterion) => {
                relative::judge(check, criterion, &samples, baseline, &mut judgement)
            }
            Rule::Measured => measured(check, &samples, &mut judgement),
        },
    };
    (judgement.outcome, judgement.reason) =
        weighed.unwrap_or_else(|reason| (Outcome::Inconclusive, reason));
    judgement
}

fn blank(check: &Check) -> Judgement {
    let (target, unit) = match &check.rule {
        Rule::Events { target } => (Some(*target), Some("events")),
        Rule::Ratio { target, unit, .. } => (Some(*target), Some(*unit)),
        Rule::Gauges { target } => (Some(*target), None),
        Rule::Criterion(_) | Rule::Measured => (None, None),
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
        seconds: None,
        series: Vec::new(),
    }
}

fn counted(check: &Check, samples: &[Sample], judgement: &mut Judgement) -> Weighed {
    let points = part(samples, "points").unwrap_or(0.0);
    let total = part(samples, "total").ok_or(if points > 0.0 {
        "There was no traffic in the window."
    } else {
        "There is no data in the window."
    })?;
    let bad = part(samples, "bad").ok_or("Bad events are not measured in the window.")?;
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
    contradiction::check(check, samples, bad, total)?;
    if total <= 0.0 {
        return Err("There was no traffic in the window.".to_owned());
    }
    let good = (total - bad).clamp(0.0, total);
    let observed = good / total;
    judgement.observed = Some(observed);
    fresh(check, samples)?;
    let (outcome, reason) = match &check.rule {
        Rule::Events { target } => events(good, total, *target, judgement)?,
        Rule::Ratio { target, threshold, unit } => {
            judgement.worst = threshold.and_then(|threshold| worst(samples, threshold));
            let missing = 1.0 - coverage;
            ratio(observed, *target, missing, unit, *threshold, judgement)?
        }
        Rule::Gauges { target } => {
            match ratio(observed, *target, 1.0 - coverage, "traffic", None, judgement)? {
                (Outcome::Pass, text) => {
                    return Err(format!(
                        "{text} How many events that were is unknown, so it proves nothing: write counters, or time slices."
                    ));
                }
                failed => failed,
            }
        }
        Rule::Criterion(_) | Rule::Measured => return Err("Nothing was counted.".to_owned()),
    };
    if outcome == Outcome::Pass {
        bad_is_measured(check, samples)?;
        covered(coverage)?;
    } else {
        good_is_measured(check, samples)?;
    }
    all_seen(check, samples)?;
    Ok((outcome, reason))
}

/// A value that only has to be good evidence; what it is worth, the plan's author decides.
fn measured(check: &Check, samples: &[Sample], judgement: &mut Judgement) -> Weighed {
    value::value(check, samples, judgement)?;
    value::seen(judgement)?;
    Ok((Outcome::Pass, String::new()))
}

/// Nothing good was seen: is there a source that would have counted it?
fn good_is_measured(check: &Check, samples: &[Sample]) -> Result<(), String> {
    let Some(source) = &check.good_source else {
        return Ok(());
    };
    if part(samples, "good_points").is_none() {
        return Err(format!(
            "{source} has no sample in the window, so nobody knows what was good: correct its name or its labels (Prometheus 2 \
             writes le=\"1\", Prometheus 3 le=\"1.0\"), or let it begin at 0."
        ));
    }
    match part(samples, "good_now") {
        Some(_) => Ok(()),
        None => Err(format!(
            "{source} has no current sample: the target that counts good events is gone."
        )),
    }
}

/// Were there samples between the looks?
fn all_seen(check: &Check, samples: &[Sample]) -> Result<(), String> {
    let (Some(looks), Some(spacing)) = (&check.looks, part(samples, "spacing")) else {
        return Ok(());
    };
    let step = looks.step.as_secs_f64();
    if spacing.is_nan() || spacing <= 0.0 || spacing * 1.5 > step {
        return Ok(());
    }
    Err(format!(
        "Samples are {spacing:.0} s apart, and only one in {:.0} was looked at: there are too many. Judge a shorter window.",
        step / spacing
    ))
}

/// No errors were seen: is there a source that would have counted them?
fn bad_is_measured(check: &Check, samples: &[Sample]) -> Result<(), String> {
    let Some(source) = &check.bad_source else {
        return Ok(());
    };
    if part(samples, "bad_points").is_none() {
        return Err(format!(
            "{source} has no sample in the window, so it proves nothing about errors: correct its name, or let it begin at 0."
        ));
    }
    match part(samples, "bad_now") {
        Some(_) => Ok(()),
        None => Err(format!(
            "{source} has no current sample: the target that counts bad events is gone."
        )),
    }
}

fn events(good: f64, total: f64, target: f64, judgement: &mut Judgement) -> Weighed {
    let (low, high) = bounds(good, total).ok_or("The counts are not counts.")?;
    judgement.bound = Some(Bounds { low, high });
    let observed = percent(good / total);
    let wanted = percent(target);
    if low >= target {
        Ok((Outcome::Pass, format!("{observed} good; at least {wanted} with 95 % confidence.")))
    } else if high < target {
        Ok((Outcome::Fail, format!("{observed} good; below {wanted} with 95 % confidence.")))
    } else {
        Err(format!(
            "{observed} good, {wanted} wanted, but {total:.0} events cannot decide it; {:.0} without an error would.",
            events_to_prove(target)
        ))
    }
}
