//! Error budget: how much there is, how fast it burns, how much is left.

use super::part::{NOW, Part};
use super::{Rule, sli};

/// Budget left, as a share of the period's whole budget; 1 in a fresh Prometheus, negative when
/// overspent.
pub(super) const REMAINING: &str = "slo:period_error_budget_remaining:ratio";
/// Constant, so it exists as soon as the rules are loaded: the absence alert leans on it.
pub(super) const OBJECTIVE: &str = "slo:objective:ratio";
/// Share of the period for which there are samples, in [0, 1].
const COVERAGE: &str = "slo:sli_coverage:ratio";
pub(crate) const PERIOD_BURN: &str = "slo:period_burn_rate:ratio";

/// The rules that do not depend on how the indicator is measured.
pub(super) fn rules(part: &Part<'_>) -> Vec<Rule> {
    let target = part.objective.target;
    let budget = target.one_minus();
    let period = part.slo.window.duration;
    let range = part.range(period);
    let samples = range.ratio(part.sample_interval()).max(1.0);
    let sample = part.series(sli::sample_name(part));
    vec![
        part.record(OBJECTIVE, format!("vector({target})")),
        part.record("slo:error_budget:ratio", format!("vector({budget})")),
        part.record("slo:time_period:days", format!("vector({})", period.as_days())),
        part.record("slo:current_burn_rate:ratio", format!("{} / {budget}", part.ratio(NOW))),
        part.record(
            COVERAGE,
            format!("clamp_max(count_over_time({sample}[{range}]) / {samples}, 1)"),
        ),
        // Without the coverage, an hour-old Prometheus would declare a month's budget spent after
        // one bad minute.
        part.record(
            PERIOD_BURN,
            format!("{} * {} / {budget}", part.ratio(period), part.series(COVERAGE)),
        ),
        part.record(REMAINING, format!("1 - {}", part.series(PERIOD_BURN))),
    ]
}
