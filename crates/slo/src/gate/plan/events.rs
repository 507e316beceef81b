//! Evidence of objectives that count events: how many there were, and how many of them were bad.

use super::Evidence;
use crate::clock::Clock;
use crate::compile::{Count, Part, bad_and_total, count_factor, ratio};
use crate::gate::check::Rule;
use crate::gate::expressions::step;
use crate::period::Period;
use crate::problem::Problem;
use crate::promql::WindowError;

pub(super) fn evidence(part: &Part<'_>, window: Period) -> Result<Evidence, Problem> {
    let metric = &part.objective.indicator.metric;
    let over = |range: Period| {
        let events =
            bad_and_total(metric, &range.to_string()).map_err(|error| part.refuse(error))?;
        events.ok_or_else(|| part.refuse(WindowError::NoSelector))
    };
    let (bad, total) = over(window)?;
    let (probe_bad, probe) = over(probe_range(part.clock))?;
    let target = part.objective.target.to_f64();
    let per_second = format!("{}", window.as_secs_f64());
    // How many events there were decides what they prove; a gauge does not say.
    let (factor, rule) = match count_factor(metric) {
        Count::PerSecond => (per_second.as_str(), Rule::Events { target }),
        Count::Events => ("1", Rule::Events { target }),
        Count::Unknown => ("1", Rule::Gauges { target }),
    };
    Ok(Evidence {
        bad: format!("({bad}) * {factor}"),
        total: format!("({total}) * {factor}"),
        step: step(window, part.clock.interval()),
        worst: None,
        rule,
        chart: ratio(&probe_bad, &probe),
        probe,
    })
}

/// The range of a rate that shows whether there are samples: a few scrapes.
fn probe_range(clock: Clock) -> Period {
    match clock {
        Clock::Real => Period::minutes(2),
        Clock::Stage => Period::seconds(3),
    }
}
