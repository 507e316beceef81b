//! What a Workflow may say but hardly ever means.

use jiff::Timestamp;

use super::{Step, Workflow};
use crate::experiment::Experiment;
use crate::fields::duration::GoDuration;
use crate::fields::problem::Problem;

impl Workflow {
    /// What is allowed but unlikely to be meant, with paths below `parent`.
    pub(crate) fn lints(
        &self,
        parent: &str,
        default_maximum: GoDuration,
        now: Timestamp,
    ) -> Vec<Problem> {
        let mut lints = Vec::new();
        let reached = self.reached();
        for (index, template) in self.templates.iter().enumerate() {
            let path = format!("{parent}.templates[{index}]");
            let mut own = Vec::new();
            if !reached[index] {
                own.push(Problem::new(
                    "name",
                    format!("nothing leads to `{}` from the entry; remove it", template.name),
                ));
            }
            if template.deadline.is_none()
                && matches!(template.step, Step::Chaos { .. } | Step::Schedule { .. })
            {
                own.push(Problem::new("deadline", format!("omitted: such a step ends by its deadline only, so the workflow waits for ever, or for a deadline around it; without either this stage ends its faults after {default_maximum}; write for example 30s")));
            }
            let mut inner = Vec::new();
            match &template.step {
                Step::Chaos { experiment, .. } => inner.extend(experiment.embedded_lints()),
                Step::Schedule { schedule, .. } => {
                    let Experiment { kind, .. } = &schedule.child;
                    let made = schedule.child.embedded_lints().into_iter();
                    inner.extend(made.map(|lint| lint.under(kind.schedule_key)));
                    inner.extend(schedule.lints(now));
                }
                Step::StatusCheck { check, .. } => {
                    check.lints(&mut inner);
                    // The deadline of the step ends its check as well.
                    inner.retain(|lint| lint.field != "duration" || template.deadline.is_none());
                }
                _ => {}
            }
            own.extend(inner.into_iter().map(|lint| lint.under(template.key())));
            lints.extend(own.into_iter().map(|lint| lint.under(&path)));
        }
        lints
    }
}
