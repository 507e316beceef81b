//! Pieces of the gate's queries: named parts, ages, functions over the steps of a window.

use crate::clock::Clock;
use crate::period::Period;

/// Coverage is looked at in at most this many steps: a gate must not load Prometheus.
const MOST_STEPS: u64 = 1000;
/// States are looked at in at most this many: a month, every ten seconds.
pub(super) const MOST_LOOKS: u64 = 300_000;

/// An expression as one part of a union, named by the label `gate_part`.
pub(super) fn named(part: &str, expr: &str) -> String {
    format!("label_replace({expr}, \"gate_part\", \"{part}\", \"\", \"\")")
}

/// Seconds since the newest sample.
pub(super) fn age(selector: &str) -> String {
    format!("time() - max(timestamp({selector}))")
}

/// How old the newest sample may be, in seconds: a few scrapes. A query that selects no series (a
/// constant) cannot be stale.
pub(super) fn stale_after(clock: Clock, selector: Option<&String>) -> f64 {
    match (clock, selector) {
        (_, None) => f64::INFINITY,
        (Clock::Real, _) => 120.0,
        (Clock::Stage, _) => 5.0,
    }
}

/// Seconds between two samples of the series that has the most, where it has the most: a gap does
/// not count. Infinite if there is only one sample.
pub(super) fn spacing(selectors: &[String], window: Period, clock: Clock) -> String {
    let part = Period::from_millis(30 * clock.interval().as_millis()).min(window);
    let counts: Vec<_> =
        selectors.iter().map(|selector| format!("count_over_time({selector}[{part}])")).collect();
    let most = over("max_over_time", &format!("max({})", counts.join(" or ")), window, part);
    format!("{} / ({most} - 1)", part.as_secs_f64())
}

/// A function over all steps of the window.
pub(super) fn over(function: &str, expr: &str, window: Period, step: Period) -> String {
    format!("{function}(({expr})[{window}:{step}])")
}

/// How many steps a window without gaps has.
pub(super) fn points_in(window: Period, step: Period) -> f64 {
    window.ratio(step).floor().max(1.0)
}

/// The time between two looks at a window, at least `shortest`.
pub(super) fn step(window: Period, shortest: Period) -> Period {
    let even = Period::from_millis(window.as_millis().div_ceil(MOST_STEPS));
    // Whole seconds: Prometheus aligns the steps of a subquery, and people read them.
    Period::seconds(even.as_millis().div_ceil(1000)).max(shortest)
}
