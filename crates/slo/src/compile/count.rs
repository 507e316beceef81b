//! What the numbers of a ratio indicator count: decides what they prove, and whether they can be
//! NaN.

use crate::openslo::model::Metric;
use crate::promql::{Query, called, has_placeholder};

/// What the numbers of a ratio indicator count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    /// Events per second.
    PerSecond,
    /// Events in the window.
    Events,
    /// Anything: a gauge does not say.
    Unknown,
}

pub(crate) fn count_factor(metric: &Metric) -> Count {
    let mut counts = metric.queries().into_iter().map(count);
    match (counts.next(), counts.next()) {
        (Some(bad), Some(total)) if bad == total => bad,
        _ => Count::Unknown,
    }
}

/// `counter: true` only says what is wrapped around a query without a window. A query with one has
/// its own function.
pub(crate) fn count(query: &Query) -> Count {
    let text = &query.text;
    if !has_placeholder(text) {
        return if query.counter { Count::PerSecond } else { Count::Unknown };
    }
    let called = called(text);
    let calls = |function: &str| called.iter().any(|name| name == function);
    match (calls("increase") || calls("count_over_time"), calls("rate")) {
        (true, false) => Count::Events,
        (false, true) => Count::PerSecond,
        _ => Count::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_function_that_counts_gives_numbers_of_events() {
        for (query, counter, count) in [
            ("x", true, Count::PerSecond),
            ("x", false, Count::Unknown),
            ("job:rate:x", false, Count::Unknown),
            ("sum(rate(x[{{.window}}]))", false, Count::PerSecond),
            ("sum(increase (x[{{.window}}]))", true, Count::Events),
            ("count_over_time(x[{{.window}}])", true, Count::Events),
            ("sum(sum_over_time(x[{{.window}}]))", true, Count::Unknown),
            // `irate()` forgets all but the last two samples.
            ("sum(irate(x[{{.window}}]))", true, Count::Unknown),
            ("sum(rate(x{a=\"increase(\"}[{{.window}}]))", true, Count::PerSecond),
            ("rate(x[{{.window}}]) + increase(y[{{.window}}])", true, Count::Unknown),
        ] {
            let text = query.to_owned();
            let query = Query { text, counter };
            let metric = Metric::Bad { bad: query.clone(), total: query.clone() };
            assert_eq!(count_factor(&metric), count, "{query:?}");
        }
    }
}
