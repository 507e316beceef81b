//! The events of a ratio indicator as PromQL: how many were bad, and how many there were.

use super::count::{Count, count_factor};
use crate::openslo::model::Metric;
use crate::promql::{WindowError, summed, windowed};

/// PromQL for the rate of bad and of all events over `range`, one series each; `None` if the
/// indicator has no events.
///
/// A series of bad events that does not exist yet means no bad events: it is filled from the total,
/// so that the ratio is 0 and not missing. Good events without a series mean that everything is
/// bad. A gauge may be NaN or infinite, which is dropped: one such sample would make sums over a
/// month NaN. The rate of a counter is neither.
pub(crate) fn bad_and_total(
    metric: &Metric,
    range: &str,
) -> Result<Option<(String, String)>, WindowError> {
    let sum = |query| windowed(query, range).map(|text| summed(&text));
    let events = match metric {
        Metric::Bad { bad, total } => {
            let (bad, total) = (sum(bad)?, sum(total)?);
            (format!("({bad} or 0 * {total})"), total)
        }
        Metric::Good { good, total } => {
            let (good, total) = (sum(good)?, sum(total)?);
            // Counters are scraped one after another: for a moment there can be more good events
            // than events.
            (format!("clamp_min({total} - ({good} or 0 * {total}), 0)"), total)
        }
        Metric::Raw { .. } | Metric::Threshold(_) => return Ok(None),
    };
    if may_be_nan(metric) {
        return Ok(Some((finite(&events.0), finite(&events.1))));
    }
    Ok(Some(events))
}

/// The share of bad events; no sample without traffic.
pub(crate) fn ratio(bad: &str, total: &str) -> String {
    format!("{bad} / ({total} > 0)")
}

/// True unless the numbers are known to count something.
pub(super) fn may_be_nan(metric: &Metric) -> bool {
    count_factor(metric) == Count::Unknown
}

fn finite(expr: &str) -> String {
    format!("({expr} >= 0 < Inf)")
}
