//! `--fail-if`: conditions under which a run has failed, such as `p99>250ms` or `errors>1%`.

use std::str::FromStr;

use crate::duration::parse_duration;
use crate::report::Report;

/// One condition.
#[derive(Clone, Debug)]
pub struct Condition {
    text: String,
    subject: Subject,
    order: Order,
    limit: f64,
}

#[derive(Clone, Copy, Debug)]
enum Subject {
    Latency(fn(&crate::recorder::Summary) -> f64),
    Rate,
    /// Of the whole, as a number or as a percentage.
    Count {
        count: fn(&Report) -> u64,
        of: fn(&Report) -> u64,
        percent: bool,
    },
}

#[derive(Clone, Copy, Debug)]
enum Order {
    More,
    AtLeast,
    Less,
    AtMost,
}

/// Not a condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no condition; write it as 'p99>250ms', 'errors>1%', 'dropped>0' or 'rate<100'")]
pub struct BadCondition(String);

impl FromStr for Condition {
    type Err = BadCondition;

    fn from_str(text: &str) -> Result<Self, BadCondition> {
        let bad = || BadCondition(text.to_owned());
        let compact: String = text.chars().filter(|character| !character.is_whitespace()).collect();
        let at = compact.find(['<', '>']).ok_or_else(bad)?;
        let (name, rest) = compact.split_at(at);
        let (order, value) =
            [(">=", Order::AtLeast), ("<=", Order::AtMost), (">", Order::More), ("<", Order::Less)]
                .into_iter()
                .find_map(|(sign, order)| Some((order, rest.strip_prefix(sign)?)))
                .ok_or_else(bad)?;
        let latency = |pick| {
            let limit = parse_duration(value).map_err(|_| bad())?.as_secs_f64();
            Ok((Subject::Latency(pick), limit))
        };
        let number = |text: &str| {
            text.parse::<f64>()
                .ok()
                .filter(|number| number.is_finite() && *number >= 0.0)
                .ok_or_else(bad)
        };
        let count = |count, of| {
            let percent = value.ends_with('%');
            Ok((Subject::Count { count, of, percent }, number(value.trim_end_matches('%'))?))
        };
        let (subject, limit) = match name {
            "p50" => latency(|summary| summary.p50),
            "p90" => latency(|summary| summary.p90),
            "p99" => latency(|summary| summary.p99),
            "p99.9" => latency(|summary| summary.p999),
            "max" => latency(|summary| summary.max),
            "mean" => latency(|summary| summary.mean),
            "errors" => count(|report| report.errors, |report| report.sent),
            "censored" => count(|report| report.censored, |report| report.sent),
            "dropped" => count(|report| report.dropped, |report| report.due),
            "rate" => Ok((Subject::Rate, number(value)?)),
            _ => Err(bad()),
        }?;
        Ok(Self { text: text.to_owned(), subject, order, limit })
    }
}

impl Condition {
    /// What was measured, if the condition holds. It also holds where there is nothing to measure:
    /// no data is no pass.
    pub(crate) fn holds(&self, report: &Report) -> Option<String> {
        let (value, shown) = match self.subject {
            Subject::Latency(_) if report.ok == 0 => {
                return Some(format!("{}: there was no success", self.text));
            }
            Subject::Latency(pick) => {
                let seconds = pick(&report.latency.success);
                (seconds, crate::duration::shown(std::time::Duration::from_secs_f64(seconds)))
            }
            Subject::Rate => {
                (report.answered_per_second, format!("{:.1}/s", report.answered_per_second))
            }
            Subject::Count { of, .. } if of(report) == 0 => {
                return Some(format!("{}: there was no request", self.text));
            }
            Subject::Count { count, of, percent: true } => {
                let percent = count(report) as f64 * 100.0 / of(report) as f64;
                (percent, format!("{percent:.2} %"))
            }
            Subject::Count { count, .. } => (count(report) as f64, count(report).to_string()),
        };
        let holds = match self.order {
            Order::More => value > self.limit,
            Order::AtLeast => value >= self.limit,
            Order::Less => value < self.limit,
            Order::AtMost => value <= self.limit,
        };
        holds.then(|| format!("{}: it is {shown}", self.text))
    }
}

#[cfg(test)]
mod tests;
