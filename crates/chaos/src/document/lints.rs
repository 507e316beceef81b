//! What Chaos Mesh accepts in a document but its author hardly ever means.

use jiff::Timestamp;

use super::{Body, Document, PAUSE_ANNOTATION, Scheduled};
use crate::fields::duration::GoDuration;
use crate::fields::problem::Problem;
use crate::schedule::Child;

impl Document {
    /// What is allowed but unlikely to be meant. `default_maximum` is what ends an experiment
    /// without a duration on this stage.
    #[must_use]
    pub fn lints(&self, default_maximum: GoDuration, now: Timestamp) -> Vec<Problem> {
        let mut lints = match &self.body {
            Body::Schedule(schedule) => {
                let parent = format!("spec.{}", schedule.child.payload_key());
                match &schedule.child {
                    Scheduled::Experiment(experiment) => {
                        under(&parent, experiment.lints(default_maximum))
                    }
                    Scheduled::Workflow(workflow) => workflow.lints(&parent, default_maximum, now),
                }
            }
            Body::Experiment(experiment) => under("spec", experiment.lints(default_maximum)),
            Body::Workflow(workflow) => workflow.lints("spec", default_maximum, now),
            Body::StatusCheck(check) => {
                let mut own = Vec::new();
                check.lints(&mut own);
                under("spec", own)
            }
        };
        lints.extend(useless_pause(self));
        if let Body::Schedule(schedule) = &self.body {
            lints.extend(under("spec", schedule.lints(now)));
        }
        lints
    }
}

fn under(parent: &str, lints: Vec<Problem>) -> Vec<Problem> {
    lints.into_iter().map(|lint| lint.under(parent)).collect()
}

/// A pause annotation that does not pause.
fn useless_pause(document: &Document) -> Option<Problem> {
    let value = document.meta.annotations.get(PAUSE_ANNOTATION)?;
    let message = match &document.body {
        Body::Workflow(_) | Body::StatusCheck(_) => {
            format!("a {} cannot be paused; remove the annotation", document.kind())
        }
        _ if ["true", "false"].contains(&value.as_str()) => return None,
        _ => format!("`{value}` does not pause; only the text \"true\" does"),
    };
    let field = format!("metadata.annotations.{PAUSE_ANNOTATION}");
    Some(Problem::new(field, message))
}
