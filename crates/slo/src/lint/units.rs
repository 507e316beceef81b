//! A ratio of different units: `increase()` above and `rate()` below makes 300 % of 1 %.

use super::Warn;
use crate::compile::{Count, count};
use crate::openslo::model::{Metric, Objective};

pub(super) fn check(objective: &Objective, warn: &mut Warn<'_>) {
    let (Metric::Good { good: part, total } | Metric::Bad { bad: part, total }) =
        &objective.indicator.metric
    else {
        return;
    };
    let unit = |count| match count {
        Count::PerSecond => Some("events per second (rate)"),
        Count::Events => Some("events (increase or count_over_time)"),
        Count::Unknown => None,
    };
    let (above, below) = (count(part), count(total));
    if above == below {
        return;
    }
    match (unit(above), unit(below)) {
        (Some(above), Some(below)) => warn(
            "",
            format!("the ratio is of different units: {above} by {below}"),
            "write the same function in both queries",
        ),
        (Some(known), None) | (None, Some(known)) => warn(
            "",
            format!(
                "one query of the ratio counts {known}, and nobody can say what the other one counts"
            ),
            "write the same function in both queries",
        ),
        (None, None) => {}
    }
}
