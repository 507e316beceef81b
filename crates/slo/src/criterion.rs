//! Criteria such as `<600`, `<=+10%` or `>=-5`: the grammar of Keptn's `slo.yaml`, kept because
//! teams still have it.
//!
//! A `%` makes a criterion relative to an earlier value even without a sign; a sign without `%` is
//! a difference to the earlier value, so fixed negative thresholds cannot be written.

use std::fmt;
use std::str::FromStr;

/// One comparison with a fixed number or with an earlier value.
#[derive(Debug, Clone, PartialEq)]
pub struct Criterion {
    text: String,
    op: Op,
    bound: Bound,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Op {
    Lt,
    Lte,
    Eq,
    Gte,
    Gt,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Bound {
    Fixed(f64),
    /// Signed percentage of the earlier value.
    Percent(f64),
    /// Signed difference to the earlier value.
    Difference(f64),
}

/// The text is not a criterion.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a criterion; write one such as <600, <=+10% or >=0.99")]
pub struct NotACriterion(String);

impl Criterion {
    /// Does it need an earlier value?
    pub fn is_relative(&self) -> bool {
        !matches!(self.bound, Bound::Fixed(_))
    }

    /// The number to compare with; `None` if it needs an earlier value and gets none.
    pub fn bound(&self, earlier: Option<f64>) -> Option<f64> {
        match self.bound {
            Bound::Fixed(number) => Some(number),
            Bound::Percent(percent) => {
                // Of its size: +10 % of -100 is -90, more than it was.
                earlier.map(|earlier| earlier + earlier.abs() * percent / 100.0)
            }
            Bound::Difference(difference) => earlier.map(|earlier| earlier + difference),
        }
    }

    /// As [`Self::bound`], by the arithmetic of Keptn's lighthouse: a percentage of a negative
    /// value is negative.
    pub fn bound_as_keptn(&self, earlier: Option<f64>) -> Option<f64> {
        match (self.bound, earlier) {
            (Bound::Percent(percent), Some(earlier)) => Some(earlier * (100.0 + percent) / 100.0),
            _ => self.bound(earlier),
        }
    }

    /// A percentage of zero is zero, however large: it says nothing about a value that is not zero.
    pub fn is_meaningless(&self, value: f64, earlier: Option<f64>) -> bool {
        matches!(self.bound, Bound::Percent(_)) && earlier == Some(0.0) && value != 0.0
    }

    /// `value op bound`; never true for NaN.
    pub fn holds(&self, value: f64, bound: f64) -> bool {
        match self.op {
            Op::Lt => value < bound,
            Op::Lte => value <= bound,
            Op::Eq => (value - bound).abs() == 0.0,
            Op::Gte => value >= bound,
            Op::Gt => value > bound,
        }
    }
}

impl FromStr for Criterion {
    type Err = NotACriterion;

    fn from_str(text: &str) -> Result<Self, NotACriterion> {
        let refuse = || NotACriterion(text.to_owned());
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let (op, rest) =
            [("<=", Op::Lte), (">=", Op::Gte), ("<", Op::Lt), (">", Op::Gt), ("=", Op::Eq)]
                .into_iter()
                .find_map(|(sign, op)| compact.strip_prefix(sign).map(|rest| (op, rest)))
                .ok_or_else(refuse)?;
        let (factor, unsigned) = match rest.strip_prefix('-') {
            Some(rest) => (-1.0, rest),
            None => (1.0, rest.strip_prefix('+').unwrap_or(rest)),
        };
        let signed = unsigned.len() < rest.len();
        let (digits, percent) = match unsigned.strip_suffix('%') {
            Some(digits) => (digits, true),
            None => (unsigned, false),
        };
        // As Keptn's `strconv.ParseFloat` reads them, but for infinity and NaN, which decide
        // nothing.
        let begins = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        if !begins || !digits.bytes().all(|b| b.is_ascii_digit() || b".eE+-".contains(&b)) {
            return Err(refuse());
        }
        let number: f64 = digits.parse().map_err(|_| refuse())?;
        if !number.is_finite() {
            return Err(refuse());
        }
        let bound = match (percent, signed) {
            (true, _) => Bound::Percent(factor * number),
            (false, true) => Bound::Difference(factor * number),
            (false, false) => Bound::Fixed(number),
        };
        Ok(Self { text: compact, op, bound })
    }
}

impl fmt::Display for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
