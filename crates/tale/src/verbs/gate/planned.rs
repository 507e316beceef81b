//! What is asked for a set of objectives, and by which rules the answers are judged.

use keptn::Evaluation;
use slo::gate::{Answer, Baseline, Plan, Verdict, judge};

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

    /// Judges the answers, which stand in the order of the plan's queries.
    pub(crate) fn judge(&self, answers: Vec<Answer>, baseline: Option<&Baseline>) -> Verdict {
        match self {
            Self::OpenSlo(plan) => judge(plan, answers, baseline),
            Self::Keptn(evaluation) => evaluation.judge(answers, baseline),
        }
    }
}
