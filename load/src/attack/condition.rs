//! `--fail-if` of profiles that hold connections, such as `open>0` or `p99>7s`.

use std::{str::FromStr, time::Duration};

use super::report::Report;
use crate::{
    duration::{parse_duration, rounded},
    options::{Comparison, Latency, Order, latency},
    record::Recorder,
    report::seconds,
};

/// One condition.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    /// As it was written.
    text: String,
    order: Order,
    limit: Limit,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Limit {
    /// How long the server left connections open.
    Life(Latency, Duration),
    Count(Part, f64),
    /// In percent of the connections that were wanted.
    Percent(Part, f64),
}

/// Connections of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Open,
    Opened,
    Closed,
    Failed,
}

/// Not a condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a condition; write it as 'open>0', 'closed<100%' or 'p99>7s': open, opened, closed or failed with a number or a percentage, min, mean, max or a percentile (p1 to p99.999) with a time"
)]
pub(crate) struct BadCondition(String);

impl FromStr for Condition {
    type Err = BadCondition;

    fn from_str(text: &str) -> Result<Self, BadCondition> {
        parse(text).ok_or_else(|| BadCondition(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Condition> {
    let Comparison { name, order, value } = Comparison::read(text)?;
    let part = match name.as_str() {
        "open" => Some(Part::Open),
        "opened" => Some(Part::Opened),
        "closed" => Some(Part::Closed),
        "failed" => Some(Part::Failed),
        _ => None,
    };
    let limit = match part {
        None => Limit::Life(latency(&name)?, parse_duration(&value).ok()?),
        Some(part) => {
            let number: f64 = value.trim_end_matches('%').parse().ok()?;
            let limit = if value.ends_with('%') { Limit::Percent } else { Limit::Count };
            (number.is_finite() && number >= 0.0).then(|| limit(part, number))?
        }
    };
    Some(Condition { text: text.to_owned(), order, limit })
}

impl Condition {
    /// What was measured, if the condition holds. It also holds where there is nothing to measure:
    /// no data is no pass.
    pub(crate) fn failed(&self, report: &Report, life: &Recorder) -> Option<String> {
        let (value, limit, shown) = match self.limit {
            Limit::Life(..) if life.count() == 0 => {
                return Some(format!("{}: the server ended no connection", self.text));
            }
            Limit::Life(of, limit) => {
                let seconds = seconds(of, life);
                (seconds, limit.as_secs_f64(), rounded(Duration::from_secs_f64(seconds)))
            }
            Limit::Percent(..) if report.connections == 0 => {
                return Some(format!("{}: there was no connection", self.text));
            }
            Limit::Percent(part, limit) => {
                let percent = count(report, part) as f64 * 100.0 / report.connections as f64;
                (percent, limit, format!("{percent:.2} %"))
            }
            Limit::Count(part, limit) => {
                let count = count(report, part);
                (count as f64, limit, count.to_string())
            }
        };
        self.order.holds(value, limit).then(|| format!("{}: it is {shown}", self.text))
    }
}

fn count(report: &Report, part: Part) -> u64 {
    match part {
        Part::Open => report.still_open,
        Part::Opened => report.opened,
        Part::Closed => report.closed + report.reset,
        Part::Failed => report.failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attack::{
        counts::{Counts, End, Failure},
        report::tests::report_of,
    };

    #[test]
    fn anything_else_is_refused_with_examples() {
        for text in ["", "open", "open>", "open=1", "opened>1s", "p99>5", "errors>1", "open>-1"] {
            let error = text.parse::<Condition>().unwrap_err().to_string();
            assert!(error.contains("open>0"), "{text}");
        }
    }

    #[test]
    fn counts_and_times_are_compared() {
        let counts = Counts::new();
        for end in [End::Closed, End::Reset, End::Open] {
            counts.opened().ended(end, Duration::from_secs(5), None);
        }
        counts.failed(Failure::Refused, "no");
        let report = report_of(&counts, 4);
        let life = counts.totals().life.clone();
        let failed = |text: &str| text.parse::<Condition>().unwrap().failed(&report, &life);
        for holds in ["open>0", "closed<3", "closed>=50%", "failed >= 25 %", "max>4s", "p50<=6s"] {
            assert!(failed(holds).is_some(), "{holds}");
        }
        for not in ["open>1", "closed<2", "opened<75%", "failed>1", "max>6s", "min<4s"] {
            assert_eq!(failed(not), None, "{not}");
        }
        assert_eq!(failed("open>0").unwrap(), "open>0: it is 1");
    }

    #[test]
    fn nothing_to_measure_is_no_pass() {
        let counts = Counts::new();
        let report = report_of(&counts, 0);
        let life = counts.totals().life.clone();
        for text in ["max>7s", "open>1%"] {
            assert!(text.parse::<Condition>().unwrap().failed(&report, &life).is_some(), "{text}");
        }
    }
}
