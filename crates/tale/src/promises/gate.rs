//! `gate: pass` or `gate: fail`: what the gate says of the tale's objectives.

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::Deserialize;
use slo::gate::{Judgement, Outcome, Plan, Verdict};

use super::look::{Look, number};
use super::{Known, PromiseKind, Sources};
use crate::gate;
use crate::report::{Unit, human};

/// What the gate has to say.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// `pass` or `fail`.
    gate: GateWord,
    /// The SLO that a gate which fails has to name.
    #[serde(default)]
    because: Option<String>,
    /// Pin the gate's values as the baseline of later gates, before judging.
    #[serde(default)]
    pin: bool,
}

/// What the gate says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum GateWord {
    Pass,
    Fail,
}

impl PromiseKind for Gate {
    fn check(&self, known: &Known) -> Result<()> {
        ensure!(
            known.slos().next().is_some(),
            "gate: the tale has no slos for the gate to judge; add them to the tale"
        );
        let Some(because) = &self.because else {
            return Ok(());
        };
        ensure!(
            self.gate == GateWord::Fail,
            "because: a gate that passes has no reason to name; remove it, or write gate: fail"
        );
        known.check_slo("because", because)
    }

    fn text(&self) -> String {
        match (self.gate, &self.because) {
            (GateWord::Pass, _) => "the gate passes".to_owned(),
            (GateWord::Fail, Some(slo)) => format!("the gate refuses, because of {slo}"),
            (GateWord::Fail, None) => "the gate refuses".to_owned(),
        }
    }

    async fn look(&self, sources: &Sources) -> Look {
        let Some(plan) = &sources.plan else {
            return Look::hopeless("this tale has no slos for the gate to judge");
        };
        if self.pin && sources.baseline().is_none() {
            let first = gate::run(plan, &sources.prometheus, None).await;
            let baseline = first.to_baseline();
            if baseline.values.is_empty() {
                return Look::unknown("there is nothing to pin yet");
            }
            sources.pin(baseline);
        }
        let verdict = gate::run(plan, &sources.prometheus, sources.baseline().as_ref()).await;
        let reason = self.reason(&verdict, plan);
        let look = match (self.gate, verdict.outcome) {
            (_, Outcome::Inconclusive) => Look::unknown(reason),
            (GateWord::Pass, Outcome::Pass) => Look::holds(reason),
            (GateWord::Fail, Outcome::Fail) if self.is_because(&verdict) => Look::holds(reason),
            (GateWord::Pass | GateWord::Fail, _) => Look::not_yet(reason),
        };
        Look { verdict: Some(verdict), ..look }
    }
}

impl Gate {
    /// Whether the SLO that the promise names, if it names one, is among those that failed.
    fn is_because(&self, verdict: &Verdict) -> bool {
        let Some(because) = &self.because else {
            return true;
        };
        let failed =
            verdict.objectives.iter().filter(|objective| objective.outcome == Outcome::Fail);
        failed.into_iter().any(|objective| objective.slo == *because)
    }

    /// What decided: of the SLO that the promise names, or else the worst of all.
    fn reason(&self, verdict: &Verdict, plan: &Plan) -> String {
        let named = |objective: &&Judgement| {
            self.because.as_ref().is_none_or(|because| objective.slo == *because)
        };
        let judged = verdict.objectives.iter();
        let worst = judged.clone().filter(named).max_by_key(|objective| objective.outcome);
        let worst = worst.or_else(|| judged.max_by_key(|objective| objective.outcome));
        worst.map_or_else(|| verdict.outcome.word().to_owned(), |worst| told(worst, plan))
    }
}

/// A judgement in a few words: the value and its limit, each with its unit; in the gate's own words
/// where there is more to say.
fn told(judgement: &Judgement, plan: &Plan) -> String {
    let (Some(observed), Some(target)) = (judgement.observed, judgement.target) else {
        return judgement.reason.clone();
    };
    if !matches!(judgement.outcome, Outcome::Pass | Outcome::Fail) {
        return judgement.reason.clone();
    }
    if judgement.ratio {
        let share = |ratio| human(Unit::Ratio, ratio);
        return format!("{} good (wanted {})", exact(observed, target), share(target));
    }
    let unit = unit(judgement, plan);
    match judgement.baseline.filter(|earlier| *earlier != 0.0) {
        Some(earlier) => format!(
            "{}, {:+.1} % (allowed {:+.0} %)",
            number(observed, unit),
            percent(observed / earlier),
            percent(target / earlier)
        ),
        None => format!("{} (wanted {})", number(observed, unit), number(target, unit)),
    }
}

/// A change in percent, to one decimal, and never a negative nought.
fn percent(ratio: f64) -> f64 {
    ((ratio - 1.0) * 1000.0).round() / 10.0 + 0.0
}

/// A share that missed its target is not shown as if it had met it: 99.97 % of 99.98 %.
fn exact(observed: f64, target: f64) -> String {
    let shown = human(Unit::Ratio, observed);
    if shown == human(Unit::Ratio, target) { format!("{:.3} %", observed * 100.0) } else { shown }
}

/// What the value of a relative criterion is measured in: Prometheus' names end in their unit.
fn unit(judgement: &Judgement, plan: &Plan) -> Option<Unit> {
    let mut queries = plan.queries().into_iter();
    let query = queries.find(|query| query.id == judgement.id)?;
    let query = query.chart.as_ref().unwrap_or(&query.promql);
    // A quotient has another unit than its parts.
    let whole = !query.contains('/');
    [("_bytes", Unit::Bytes), ("_seconds", Unit::Seconds)]
        .into_iter()
        .find_map(|(end, unit)| (whole && query.contains(end)).then_some(unit))
}
