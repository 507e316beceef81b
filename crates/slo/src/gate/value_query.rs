//! A query for one number, and how much of the window it has seen. The number itself does not say:
//! a target that died after ten minutes of an hour leaves the number of those ten minutes.

use super::expressions::{age, named, over, points_in, spacing, stale_after, step};
use crate::clock::Clock;
use crate::period::Period;
use crate::promql::{mentions, metric_name, selectors, without_comments};

/// What Prometheus itself makes of alerts.
const ALERTS: &str = "ALERTS";

/// The query to send, and what a complete answer looks like.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueQuery {
    pub(super) promql: String,
    /// Points of a fully covered window.
    pub(super) expected_points: f64,
    pub(super) stale_after_seconds: f64,
}

impl ValueQuery {
    /// Asks for the value alone; its age and coverage stay unknown.
    pub fn plain(query: &str) -> Self {
        Self { promql: query.to_owned(), expected_points: 1.0, stale_after_seconds: f64::INFINITY }
    }

    /// Asks in one query for the value, the age of the newest sample, and the points of the window
    /// (wall-clock time) that have data. A query without a series to look for is asked plainly.
    pub fn with_coverage(query: &str, window: Period, clock: Clock) -> Self {
        let text = without_comments(query);
        let selected = selectors(&text);
        // `label_replace` takes no scalar, and without a parser nobody knows what comes out of
        // `scalar(a) / 2`.
        let (Some(first), false) = (selected.first(), mentions(&text, "scalar")) else {
            return Self::plain(query);
        };
        // `errors or vector(0)`: in good times the first of the two does not exist.
        let mut seen = if mentions(&text, "or") { selected.join(" or ") } else { first.clone() };
        if metric_name(first) == ALERTS && mentions(&text, "or") {
            // Prometheus makes this one itself, and only while an alert is pending or firing. That
            // it is awake, its own scrapes say.
            seen.push_str(" or up");
        }
        let step = step(window, clock.interval());
        let parts = [
            named("value", &format!("({text})")),
            named("age", &age(&seen)),
            named("points", &over("count_over_time", &format!("count({seen})"), window, step)),
            named("spacing", &spacing(&selected, window, clock)),
        ];
        Self {
            promql: parts.join(" or "),
            expected_points: points_in(window, step),
            stale_after_seconds: stale_after(clock, Some(first)),
        }
    }
}
