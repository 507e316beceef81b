//! What is asked for a set of objectives, and by which rules the answers are judged.

use keptn::Evaluation;
use slo::gate::{Baseline, Plan, Verdict, judge};

use crate::gate::Asked;

/// A planned gate.
pub(crate) enum Planned {
    /// The worst objective decides.
    OpenSlo(Plan),
    /// The total score decides.
    Keptn(Box<Evaluation>),
}

impl Planned {
    /// What to ask Prometheus.
    pub(crate) fn plan(&self) -> &Plan {
        match self {
            Self::OpenSlo(plan) => plan,
            Self::Keptn(evaluation) => evaluation.plan(),
        }
    }

    /// Judges the answers, which stand in the order of the plan's queries, by the plan that was
    /// asked in the end.
    pub(crate) fn judge(&self, asked: Asked, baseline: Option<&Baseline>) -> Verdict {
        let mut verdict = match self {
            Self::OpenSlo(_) => judge(&asked.plan, asked.answers, baseline),
            Self::Keptn(evaluation) => evaluation.judge(asked.answers, baseline),
        };
        for (judgement, seconds) in verdict.objectives.iter_mut().zip(asked.seconds) {
            judgement.seconds = Some(seconds);
        }
        verdict
    }
}
