//! An evaluation that waits for its answers, and the verdict made of them: the gate weighs each
//! value, lighthouse's score decides.

use slo::gate::numbers::short;
use slo::gate::{
    self, Answer, Baseline, EarlierResult, Judgement, Needed, Outcome, Verdict, weigh,
};

use crate::comparison::earlier_value;
use crate::model::{Leniency, Slo};
use crate::score::{Score, Scored, score};

/// Keptn files, planned: what to ask, and how to score the answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    pub(crate) plan: gate::Plan,
    pub(crate) slo: Slo,
    pub(crate) leniency: Leniency,
    /// Oldest first; values by indicator.
    pub(crate) earlier: Vec<EarlierResult>,
}

impl Evaluation {
    /// What to ask Prometheus: one query per objective.
    pub fn plan(&self) -> &gate::Plan {
        &self.plan
    }

    /// Scores the answers, which stand in the order of the plan's queries. A pinned baseline wins
    /// over earlier results.
    pub fn judge(&self, answers: Vec<Answer>, baseline: Option<&Baseline>) -> Verdict {
        let mut judgements = weigh(&self.plan, answers, None);
        // A value that is stale or hardly covered counts as none.
        let values: Vec<Option<f64>> = judgements
            .iter()
            .map(|judgement| judgement.observed.filter(|_| judgement.outcome == Outcome::Pass))
            .collect();
        let pinned = |indicator: &str| {
            let same = |judgement: &&Judgement| judgement.objective == indicator;
            let id = &judgements.iter().find(same)?.id;
            baseline?.values.get(id).copied()
        };
        let score = score(&self.slo, &values, self.leniency, |indicator| {
            let comparison = &self.slo.comparison;
            pinned(indicator).or_else(|| earlier_value(comparison, &self.earlier, indicator))
        });
        let needed = self.needed(&score);
        let (outcome, total) = (score.outcome, score.total);
        let scored = judgements.iter_mut().zip(&self.slo.objectives).zip(score.objectives);
        for (((judgement, objective), scored), value) in scored.zip(values) {
            judgement.title.clone_from(&objective.display_name);
            self.apply(scored, value, judgement);
        }
        let mut verdict = Verdict::new(outcome, self.plan.window_seconds, judgements);
        verdict.score = Some(total);
        verdict.needed = Some(needed);
        verdict
    }

    fn needed(&self, score: &Score) -> Needed {
        let failed_keys = self
            .slo
            .objectives
            .iter()
            .zip(&score.objectives)
            .filter(|(objective, scored)| objective.key_sli && scored.outcome == Outcome::Fail);
        Needed {
            pass: self.slo.pass_score,
            warning: self.slo.warning_score,
            failed_keys: failed_keys.map(|(objective, _)| objective.sli.clone()).collect(),
        }
    }

    fn apply(&self, scored: Scored, value: Option<f64>, judgement: &mut Judgement) {
        judgement.outcome = scored.outcome;
        judgement.baseline = scored.earlier;
        judgement.uncompared = scored.uncompared;
        judgement.reason = match (value, scored.outcome) {
            (Some(value), _) => format!("{}; {}", short(value), scored.reason),
            (None, Outcome::Fail) => format!("{} That counts as failed.", judgement.reason),
            (None, Outcome::Info) => format!("{} It is for information only.", judgement.reason),
            (None, _) => std::mem::take(&mut judgement.reason),
        };
        let unprobed = value.is_some() && judgement.coverage.is_none();
        if self.leniency == Leniency::Strict && unprobed {
            judgement.reason.push_str(" Coverage unknown: the query names no series to look for.");
        }
    }
}
