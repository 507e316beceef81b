//! What one look at a promise saw.

use slo::gate::Verdict;

use crate::prometheus::QueryFailed;
use crate::report::{Unit, human};

/// What one look saw.
pub(super) struct Look {
    /// Whether the promise holds, as far as could be seen.
    pub(super) answer: Answer,
    /// What was seen, for people.
    pub(super) observed: String,
    /// What the gate said, if it was asked.
    pub(super) verdict: Option<Verdict>,
    /// The value that has to get somewhere, if there is one: then `observed` is made of it.
    pub(super) measured: Option<Measured>,
    /// Whether what holds is that somebody was woken.
    pub(super) alarm: bool,
}

/// A value that has to get somewhere.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Measured {
    /// None as long as there is no value.
    pub(super) now: Option<f64>,
    /// What it is measured in, as far as the tale says so.
    pub(super) unit: Option<Unit>,
    /// Where it has to get: `> 1.1`.
    pub(super) wanted: String,
    /// The number in it.
    pub(super) limit: Option<f64>,
}

impl Measured {
    /// `1.07 → 1.11 (wanted > 1.1)`: what it was when the wait began, and what it is now.
    pub(super) fn told(&self, first: Option<f64>) -> String {
        let shown = |value: f64| self.apart(value);
        let value = match (first.map(shown), self.now.map(shown)) {
            (Some(first), Some(now)) if first != now => format!("{first} → {now}"),
            (_, Some(now)) => now,
            (_, None) => "no value yet".to_owned(),
        };
        format!("{value} (wanted {})", self.wanted)
    }
}

impl Measured {
    /// A value that is not its limit does not look like it: 1.101 of 1.1.
    fn apart(&self, value: f64) -> String {
        let text = number(value, self.unit);
        let same =
            self.limit.is_some_and(|limit| limit != value && number(limit, self.unit) == text);
        if same && self.unit.is_none() { trimmed(&format!("{value:.4}")) } else { text }
    }
}

/// Without zeros at its end.
fn trimmed(text: &str) -> String {
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    }
}

/// A number with its unit, to three digits or so.
pub(super) fn number(value: f64, unit: Option<Unit>) -> String {
    match unit {
        Some(unit) => human(unit, value),
        None if value == value.trunc() && value.abs() < 1e6 => format!("{value}"),
        None => {
            let digits = (2 - value.abs().log10().floor() as i32).clamp(0, 6) as usize;
            trimmed(&format!("{value:.digits$}"))
        }
    }
}

/// Whether a promise holds, as far as could be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// It does.
    Holds,
    /// It does not, so far.
    NotYet,
    /// Nobody can say now; asking again may help.
    Unknown,
    /// Nobody can say, and asking again will not help.
    Hopeless,
}

impl Look {
    pub(super) fn holds(observed: impl Into<String>) -> Self {
        Self::new(Answer::Holds, observed)
    }

    pub(super) fn not_yet(observed: impl Into<String>) -> Self {
        Self::new(Answer::NotYet, observed)
    }

    pub(super) fn unknown(why: impl Into<String>) -> Self {
        Self::new(Answer::Unknown, why)
    }

    pub(super) fn hopeless(why: impl Into<String>) -> Self {
        Self::new(Answer::Hopeless, why)
    }

    fn new(answer: Answer, observed: impl Into<String>) -> Self {
        let observed = observed.into();
        Self { answer, observed, verdict: None, measured: None, alarm: false }
    }

    /// What holds is that somebody was woken.
    pub(super) fn alarming(self) -> Self {
        Self { alarm: true, ..self }
    }

    /// The value of this look.
    pub(super) fn of(self, measured: Measured) -> Self {
        Self { measured: Some(measured), ..self }
    }
}

impl From<QueryFailed> for Look {
    fn from(why: QueryFailed) -> Self {
        match why {
            QueryFailed::Refused(_) => Self::hopeless(why.to_string()),
            QueryFailed::Unreachable(_) => Self::unknown(why.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_told_with_where_it_began_its_unit_and_its_limit() {
        let growth =
            |now| Measured { now, unit: None, wanted: "> 1.1".to_owned(), limit: Some(1.1) };
        assert_eq!(growth(Some(1.1008)).told(None), "1.1008 (wanted > 1.1)");
        assert_eq!(growth(Some(1.114)).told(Some(1.0712)), "1.07 → 1.11 (wanted > 1.1)");
        assert_eq!(growth(Some(1.114)).told(Some(1.1141)), "1.11 (wanted > 1.1)");
        assert_eq!(growth(None).told(None), "no value yet (wanted > 1.1)");
        let rate = Measured {
            now: Some(0.409),
            unit: Some(Unit::PerSecond),
            wanted: "> 0/s".to_owned(),
            limit: Some(0.0),
        };
        assert_eq!(rate.told(None), "0.41/s (wanted > 0/s)");
    }
}
