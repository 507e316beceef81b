//! Evidence of objectives that count events: how many there were, and how many of them were bad.

use super::Evidence;
use crate::clock::Clock;
use crate::compile::{Count, Part, as_counted, bad_and_total, count_factor, ratio};
use crate::gate::check::Rule;
use crate::gate::expressions::step;
use crate::openslo::model::Metric;
use crate::period::Period;
use crate::problem::Problem;
use crate::promql::{WindowError, mentions, selectors};

pub(super) fn evidence(part: &Part<'_>, window: Period) -> Result<Evidence, Problem> {
    let metric = &part.objective.indicator.metric;
    let refuse = |error| part.refuse(error);
    let found = |events: Option<(String, String)>| {
        events.ok_or_else(|| part.refuse(WindowError::NoSelector))
    };
    // As it was counted: what contradicts itself has to be seen.
    let (bad, total) = found(as_counted(metric, &window.to_string()).map_err(refuse)?)?;
    let range = chart_range(part.clock).to_string();
    let (chart_bad, chart_total) = found(bad_and_total(metric, &range).map_err(refuse)?)?;
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
        odd: None,
        instants: false,
        rule,
        chart: ratio(&chart_bad, &chart_total),
        probe: probe(metric).unwrap_or(chart_total),
    })
}

/// Whether there are samples of all events: not a rate, which needs two scrapes within its range,
/// and some are minutes apart.
fn probe(metric: &Metric) -> Option<String> {
    let total = &metric.queries().pop()?.text;
    let selected = selectors(total);
    let first = selected.first()?;
    let seen = if mentions(total, "or") { selected.join(" or ") } else { first.clone() };
    Some(format!("count({seen})"))
}

/// The range of a rate that draws the course: a few scrapes.
fn chart_range(clock: Clock) -> Period {
    match clock {
        Clock::Real => Period::minutes(2),
        Clock::Stage => Period::seconds(3),
    }
}
