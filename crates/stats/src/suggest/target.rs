//! Which target to propose: one that people use, that events can prove and that an alert can page
//! for.

use slo::compile::windows::{Urgency, pairs};
use slo::wilson::events_to_prove;
use slo::{Decimal, Period};

use super::Refusal;

/// The targets that people use, the tightest first.
const TARGETS: [&str; 7] = ["0.9999", "0.9995", "0.999", "0.995", "0.99", "0.95", "0.9"];

/// The tightest usual target up to `low` that so many events in a window can prove and that can
/// page.
pub(super) fn tightest(low: f64, events: f64, window: Period) -> Result<Decimal, Refusal> {
    let targets = TARGETS.iter().filter_map(|text| text.parse().ok());
    let kept: Vec<Decimal> = targets
        .filter(|target: &Decimal| {
            target.to_f64() <= low && events >= events_to_prove(target.to_f64())
        })
        .collect();
    let first = *kept.first().ok_or(Refusal::TooBad { low })?;
    kept.into_iter()
        .find(|target| can_page(*target, window))
        .ok_or(Refusal::CannotPage { target: first, window })
}

/// Is there a page that this target can trigger? Periods without alerts need none.
fn can_page(target: Decimal, window: Period) -> bool {
    let pages: Vec<_> =
        pairs(window).into_iter().filter(|pair| pair.urgency == Urgency::Page).collect();
    pages.is_empty() || pages.iter().any(|pair| pair.threshold(target) < 1.0)
}
