//! Numbers that cannot be: more of a part than of the whole, a ratio outside of 0 to 1. They say
//! that the indicator is wrong, and so nothing about the service.

use crate::gate::answer::{Sample, part};
use crate::gate::check::{Check, Rule};
use crate::gate::numbers::short;

/// Targets are scraped one after another: a hundredth and a few events are forgiven.
const FORGIVEN: f64 = 0.01;
const A_FEW: f64 = 3.0;

/// Refuses evidence that contradicts itself.
pub(super) fn check(check: &Check, samples: &[Sample], bad: f64, total: f64) -> Result<(), String> {
    let few = if matches!(check.rule, Rule::Events { .. }) { A_FEW } else { 0.0 };
    let forgiven = FORGIVEN * total.max(0.0) + few;
    let remedy = "the two queries do not count the same events, so they prove nothing: correct the indicator.";
    if total < 0.0 {
        return Err(format!("There were {} events, fewer than none; {remedy}", short(total)));
    }
    if bad < -forgiven {
        let good = short(total - bad);
        return Err(format!("{good} good events of {} events; {remedy}", short(total)));
    }
    if bad > total + forgiven {
        return Err(format!("{} bad events of {} events; {remedy}", short(bad), short(total)));
    }
    match part(samples, "odd") {
        Some(odd) if odd > FORGIVEN * total => Err(format!(
            "In {} of {} {} the ratio was outside of 0 to 1: it is no ratio, so it proves nothing; correct the indicator.",
            short(odd),
            short(total),
            if check.rule_unit() == "slices" { "slices" } else { "samples" }
        )),
        _ => Ok(()),
    }
}
