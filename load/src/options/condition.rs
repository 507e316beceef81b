//! `--fail-if`: conditions under which a run has failed, such as `p99>250ms` or `errors>1%`.
//! Whether one holds is decided in `report/fail_if.rs`.

use std::{str::FromStr, time::Duration};

use crate::duration::parse_duration;

/// One condition.
#[derive(Clone, Debug)]
pub struct Condition {
    /// As it was written.
    pub(crate) text: String,
    pub(crate) order: Order,
    pub(crate) limit: Limit,
}

/// What is compared, and with what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Limit {
    /// Latency of successes.
    Latency(Latency, Duration),
    /// Answers per second.
    Rate(f64),
    /// A number of requests.
    Count(Part, f64),
    /// The same in percent of those that could be among them.
    Percent(Part, f64),
}

/// A number that stands for all latencies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Latency {
    /// So many percent are at most this.
    Percentile(f64),
    Min,
    Max,
    Mean,
}

/// Requests of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Errors,
    Censored,
    Dropped,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    More,
    AtLeast,
    Less,
    AtMost,
}

impl Order {
    /// Does `value` stand in this order to `limit`?
    pub(crate) fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::More => value > limit,
            Self::AtLeast => value >= limit,
            Self::Less => value < limit,
            Self::AtMost => value <= limit,
        }
    }
}

/// Not a condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a condition; write it as 'p99>250ms', 'errors>1%', 'dropped>0' or 'rate<100': a percentile (p1 to p99.999), min, mean or max with a time, errors, dropped or censored with a number or a percentage, rate with a number"
)]
pub struct BadCondition(String);

impl FromStr for Condition {
    type Err = BadCondition;

    fn from_str(text: &str) -> Result<Self, BadCondition> {
        parse(text).ok_or_else(|| BadCondition(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Condition> {
    let Comparison { name, order, value } = Comparison::read(text)?;
    let count = |part| {
        let number = number(value.trim_end_matches('%'))?;
        let limit = if value.ends_with('%') { Limit::Percent } else { Limit::Count };
        Some(limit(part, number))
    };
    let limit = match name.as_str() {
        "errors" => count(Part::Errors),
        "censored" => count(Part::Censored),
        "dropped" => count(Part::Dropped),
        "rate" => Some(Limit::Rate(number(&value)?)),
        name => Some(Limit::Latency(latency(name)?, parse_duration(&value).ok()?)),
    }?;
    Some(Condition { text: text.to_owned(), order, limit })
}

/// `NAME`, one of `<`, `<=`, `>`, `>=`, and a value; blanks count for nothing.
pub(crate) struct Comparison {
    pub(crate) name: String,
    pub(crate) order: Order,
    pub(crate) value: String,
}

impl Comparison {
    pub(crate) fn read(text: &str) -> Option<Self> {
        let compact: String = text.chars().filter(|character| !character.is_whitespace()).collect();
        let (name, rest) = compact.split_at(compact.find(['<', '>'])?);
        let (order, value) =
            [(">=", Order::AtLeast), ("<=", Order::AtMost), (">", Order::More), ("<", Order::Less)]
                .into_iter()
                .find_map(|(sign, order)| Some((order, rest.strip_prefix(sign)?)))?;
        Some(Self { name: name.to_owned(), order, value: value.to_owned() })
    }
}

/// `min`, `mean`, `max` or a percentile.
pub(crate) fn latency(name: &str) -> Option<Latency> {
    match name {
        "min" => Some(Latency::Min),
        "max" => Some(Latency::Max),
        "mean" => Some(Latency::Mean),
        name => Some(Latency::Percentile(percentile(name)?)),
    }
}

/// `p95`, `p99.9`, also as others write it: `p(95)`.
fn percentile(name: &str) -> Option<f64> {
    let percent = name.strip_prefix(['p', 'P'])?;
    let percent = percent.strip_prefix('(').and_then(|it| it.strip_suffix(')')).unwrap_or(percent);
    let plain = percent.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    percent.parse().ok().filter(|percent| plain && (1.0..=99.999).contains(percent))
}

fn number(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn anything_else_is_refused_with_examples() {
        for text in [
            "",
            "p99",
            "p99>",
            "p99>250",
            "p>1s",
            "p0>1s",
            "p100>1s",
            "p9e1>1s",
            "p-5>1s",
            "errors>x",
            "errors>-1",
            "errors=1",
            "rate>1s",
            ">1",
            "errors>1%%x",
            "rate>inf",
            "rate>NaN",
        ] {
            let error = text.parse::<Condition>().unwrap_err().to_string();
            assert!(error.contains("p99>250ms"), "{text}");
        }
    }

    #[test]
    fn every_percentile_has_a_name() {
        for (text, percent) in
            [("p95>1s", 95.0), ("p99.9 < 2s", 99.9), ("p75>=1s", 75.0), ("p(90)>1s", 90.0)]
        {
            let condition: Condition = text.parse().unwrap();
            let limit = condition.limit;
            assert!(
                matches!(limit, Limit::Latency(Latency::Percentile(of), _) if of == percent),
                "{text}: {limit:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = text.parse::<Condition>();
        }
    }
}
