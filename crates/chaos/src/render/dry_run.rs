//! `apply --dry-run`: what a document would do.

use crate::dry_run::{DryRun, DryStep};
use crate::kinds;

/// Ticks printed before the rest is only counted.
const SHOWN_TICKS: usize = 5;

/// The rehearsal of an experiment: what it would hit, when, how, and what is odd about it.
#[must_use]
pub fn dry_run(run: &DryRun) -> String {
    let mut lines = vec![format!(
        "{}/{} in namespace {} (dry run, nothing was changed)",
        run.kind.to_lowercase(),
        run.name,
        run.namespace
    )];
    match &run.selection_error {
        _ if !run.steps.is_empty() || run.kind == kinds::STATUS_CHECK => {}
        Some(error) => lines.push(format!("Targets:    none: {error}")),
        None => {
            let bound = if run.at_most { "at most " } else { "" };
            let (taken, matched) = (run.pods_taken, run.pods_matched);
            lines.push(format!("Targets:    {bound}{taken} of {matched} matching pods"));
            lines.extend(run.matched.iter().map(|id| format!("              {id}")));
        }
    }
    if !run.other_end.is_empty() {
        lines.push("Other end:".to_owned());
        lines.extend(run.other_end.iter().map(|id| format!("              {id}")));
    }
    steps(&run.steps, &mut lines);
    lines.push(format!("Mechanism:  {}", run.mechanism));
    if let Some(ticks) = &run.ticks {
        lines.push(format!("Ticks:      {} in the next hour", ticks.len()));
        lines.extend(ticks.iter().take(SHOWN_TICKS).map(|tick| format!("              {tick}")));
        if ticks.len() > SHOWN_TICKS {
            lines.push(format!("              ... and {} more", ticks.len() - SHOWN_TICKS));
        }
    }
    lines.extend(run.lints.iter().map(|lint| format!("Warning:    {lint}")));
    lines.extend(run.refusals.iter().map(|refusal| format!("Refused:    {refusal}")));
    lines.join("\n") + "\n"
}

/// The steps of a workflow, each with what it does.
fn steps(steps: &[DryStep], lines: &mut Vec<String>) {
    if !steps.is_empty() {
        lines.push(format!("Steps:      {}", steps.len()));
    }
    for step in steps {
        let deadline =
            step.deadline.as_ref().map_or(String::new(), |deadline| format!(", for {deadline}"));
        let about = if step.about.is_empty() {
            String::new()
        } else {
            format!(": {}", step.about.join(", "))
        };
        lines.push(format!("              {} ({}{deadline}){about}", step.name, step.kind));
        if !step.mechanism.is_empty() {
            lines.push(format!("                {}", step.mechanism));
        }
    }
}
