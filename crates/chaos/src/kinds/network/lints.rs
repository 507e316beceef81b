//! What a NetworkChaos may say but hardly ever means.

use super::spec::{NetworkAction, NetworkChaos};
use crate::fields::mode::Mode;
use crate::fields::problem::Problem;

pub(super) fn add(spec: &NetworkChaos, lints: &mut Vec<Problem>) {
    block_lints(spec, lints);
    if let Some(delay) = &spec.delay {
        // Chaos Mesh compares the texts, not the times: what does not sort above "0ms" is left
        // out.
        for (field, text) in [("delay.latency", &delay.latency), ("delay.jitter", &delay.jitter)] {
            if text.starts_with("0.") {
                lints.push(Problem::new(
                    field,
                    format!("`{text}` is silently ignored by Chaos Mesh, as it starts with `0.`; write whole units, for example 100ms instead of 0.1s"),
                ));
            }
        }
    }
    if let Some(loss) = &spec.loss
        && correlates(&loss.correlation)
    {
        lints.push(Problem::new(
            "loss.correlation",
            "the more of it, the longer the runs of losses and the farther the share of them from `loss`; at \"100\" either all packets are lost or none; write \"0\" for the share that you mean",
        ));
    }
    if !spec.external_targets.is_empty() {
        lints.push(Problem::new(
            "externalTargets",
            "the local stage shapes connections through Services only, so addresses elsewhere are hit in a cluster, not here",
        ));
    }
    if let Some(target) = &spec.target {
        if !target.value.is_empty() && matches!(target.mode, Mode::One | Mode::All) {
            lints.push(Problem::new("target.value", "modes one and all do not read it; remove it"));
        }
        if target.mode == Mode::RandomMaxPercent {
            lints.push(Problem::new(
                "target.mode",
                "random-max-percent may draw 0 percent, and then fails because nothing is selected",
            ));
        }
    }
}

fn correlates(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(|percent| percent > 0.0)
}

/// Blocks that the action does not suggest: some count all the same, others never do.
fn block_lints(spec: &NetworkChaos, lints: &mut Vec<Problem>) {
    let blocks = [
        ("delay", spec.delay.is_some(), NetworkAction::Delay),
        ("loss", spec.loss.is_some(), NetworkAction::Loss),
        ("rate", spec.rate.is_some(), NetworkAction::Netem),
        ("duplicate", spec.duplicate.is_some(), NetworkAction::Duplicate),
        ("corrupt", spec.corrupt.is_some(), NetworkAction::Corrupt),
        ("bandwidth", spec.bandwidth.is_some(), NetworkAction::Bandwidth),
    ];
    for (field, _, own) in blocks.iter().filter(|(_, given, _)| *given) {
        let message = match spec.action {
            action if action == *own => continue,
            NetworkAction::Partition => "action partition does not read it; remove it",
            NetworkAction::Bandwidth => "action bandwidth does not read it; use action netem",
            _ if *own == NetworkAction::Bandwidth => {
                "only action bandwidth reads it; use `rate`, or action bandwidth"
            }
            NetworkAction::Netem => continue,
            _ => {
                "counts too, whatever the action is called; say so with action netem, or remove it"
            }
        };
        lints.push(Problem::new(*field, message));
    }
}
