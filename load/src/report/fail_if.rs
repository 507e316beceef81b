//! Does a condition of `--fail-if` hold?

use std::time::Duration;

use super::result::Report;
use crate::{
    duration::rounded,
    options::{Condition, Latency, Limit, Part},
    record::Recorder,
};

/// What was measured, if the condition holds. It also holds where there is nothing to measure: no
/// data is no pass.
pub(crate) fn failed(
    condition: &Condition,
    report: &Report,
    successes: &Recorder,
) -> Option<String> {
    let text = &condition.text;
    let (value, limit, shown) = match condition.limit {
        Limit::Latency(..) if report.ok == 0 => {
            return Some(format!("{text}: there was no success"));
        }
        Limit::Latency(of, limit) => {
            let seconds = seconds(of, successes);
            (seconds, limit.as_secs_f64(), rounded(Duration::from_secs_f64(seconds)))
        }
        Limit::Rate(limit) => {
            let rate = report.answered_per_second;
            (rate, limit, format!("{rate:.1}/s"))
        }
        Limit::Count(part, _) | Limit::Percent(part, _) if whole(report, part) == 0 => {
            return Some(format!("{text}: there was no request"));
        }
        Limit::Percent(part, limit) => {
            let percent = count(report, part) as f64 * 100.0 / whole(report, part) as f64;
            (percent, limit, format!("{percent:.2} %"))
        }
        Limit::Count(part, limit) => {
            let count = count(report, part);
            (count as f64, limit, count.to_string())
        }
    };
    condition.order.holds(value, limit).then(|| format!("{text}: it is {shown}"))
}

/// The number that stands for all times, in seconds.
pub(crate) fn seconds(of: Latency, times: &Recorder) -> f64 {
    let summary = times.summary();
    match of {
        Latency::Percentile(percent) => times.quantile(percent / 100.0).as_secs_f64(),
        Latency::Min => times.quantile(0.0).as_secs_f64(),
        Latency::Max => summary.max,
        Latency::Mean => summary.mean,
    }
}

fn count(report: &Report, part: Part) -> u64 {
    match part {
        Part::Errors => report.errors,
        Part::Censored => report.censored,
        Part::Dropped => report.dropped,
    }
}

/// The requests that could have been among them.
fn whole(report: &Report, part: Part) -> u64 {
    match part {
        Part::Errors | Part::Censored => report.sent,
        Part::Dropped => report.due,
    }
}

#[cfg(test)]
mod tests;
