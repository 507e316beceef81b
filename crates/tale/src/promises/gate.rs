//! `gate: pass` or `gate: fail`: what the gate says of the tale's objectives.

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::Deserialize;
use slo::gate::{Outcome, Verdict};

use super::look::Look;
use super::{Known, PromiseKind, Sources};
use crate::gate;

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
        let worst = verdict.objectives.iter().max_by_key(|objective| objective.outcome);
        let reason = worst.map_or(verdict.outcome.word(), |objective| &objective.reason).to_owned();
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
}
