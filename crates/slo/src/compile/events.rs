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
    let Some((bad, total)) = as_counted(metric, range)? else {
        return Ok(None);
    };
    // Counters are scraped one after another: for a moment there can be more good events than
    // events. When it is more than a moment, an alert says so.
    let bad = match metric {
        Metric::Good { .. } => format!("clamp_min({bad}, 0)"),
        _ => bad,
    };
    if may_be_nan(metric) {
        return Ok(Some((finite(&bad), finite(&total))));
    }
    Ok(Some((bad, total)))
}

/// As [`bad_and_total`], as it was counted: fewer than no bad events, where there are more good
/// ones than events.
pub(crate) fn as_counted(
    metric: &Metric,
    range: &str,
) -> Result<Option<(String, String)>, WindowError> {
    let Some((part, total)) = part_and_total(metric, range)? else {
        return Ok(None);
    };
    let filled = format!("({part} or 0 * {total})");
    Ok(Some(match metric {
        Metric::Good { .. } => (format!("({total} - {filled})"), total),
        _ => (filled, total),
    }))
}

/// PromQL that is true where the numbers contradict each other: more of a part (good or bad) than
/// of all events, or some of it and no events at all. A hundredth is forgiven: targets are scraped
/// one after another.
pub(super) fn contradiction(metric: &Metric, range: &str) -> Result<Option<String>, WindowError> {
    Ok(part_and_total(metric, range)?
        .map(|(part, total)| format!("{part} > 1.01 * {total} or ({part} > 0 unless {total} > 0)")))
}

/// The good or bad events, and all of them, as sums without labels.
fn part_and_total(metric: &Metric, range: &str) -> Result<Option<(String, String)>, WindowError> {
    match metric {
        Metric::Bad { bad: part, total } | Metric::Good { good: part, total } => {
            let sum = |query| windowed(query, range).map(|text| summed(&text));
            Ok(Some((sum(part)?, sum(total)?)))
        }
        Metric::Raw { .. } | Metric::Threshold(_) => Ok(None),
    }
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
