//! Durations as Chaos Mesh writes them: the grammar of Go's `time.ParseDuration`.
//!
//! `1m30s`, `1.5h`, `-1m` and a bare `0` are durations; `90`, `1d` and `5 m` are not.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use thiserror::Error;

/// Nanoseconds in each unit, longest spelling first so that `ms` is not read as `m`.
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Longest text read: the parser's work is bounded whatever a document holds.
const MAX_LENGTH: usize = 256;

/// A signed span of time in whole nanoseconds, about ±292 years.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct GoDuration(i64);

/// Why a text is not a duration.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DurationError {
    /// The text breaks the grammar.
    #[error(
        "`{0}` is not a duration; write numbers with a unit ns, us, ms, s, m or h, for example `1m30s`"
    )]
    Invalid(String),
    /// The value does not fit 64 bits of nanoseconds.
    #[error("`{0}` is too long; the largest duration is about 292 years")]
    Overflow(String),
}

impl GoDuration {
    /// A duration of `nanos` nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// The length in nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// The same span for arithmetic with [`jiff::Timestamp`].
    #[must_use]
    pub const fn as_signed(self) -> SignedDuration {
        SignedDuration::from_nanos(self.0)
    }
}

impl FromStr for GoDuration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let invalid = || DurationError::Invalid(text.chars().take(40).collect());
        if text.len() > MAX_LENGTH {
            return Err(invalid());
        }
        let (negative, mut rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        if rest == "0" {
            return Ok(Self(0));
        }
        if rest.is_empty() {
            return Err(invalid());
        }
        let overflow = || DurationError::Overflow(text.to_owned());
        let mut total: u64 = 0;
        while !rest.is_empty() {
            let (whole, after) = digits(rest);
            let (fraction, after) = match after.strip_prefix('.') {
                Some(after) => digits(after),
                None => ("", after),
            };
            if whole.is_empty() && fraction.is_empty() {
                return Err(invalid());
            }
            let (unit, after) = unit(after).ok_or_else(invalid)?;
            let whole: u64 =
                if whole.is_empty() { 0 } else { whole.parse().map_err(|_| overflow())? };
            let nanos = whole.checked_mul(unit).ok_or_else(overflow)?;
            total = nanos
                .checked_add(part(fraction, unit))
                .and_then(|n| total.checked_add(n))
                .ok_or_else(overflow)?;
            rest = after;
        }
        signed(total, negative).map(Self).ok_or_else(overflow)
    }
}

/// Splits the leading decimal digits off `text`.
fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

/// Splits the leading unit off `text`: everything up to the next digit or dot.
fn unit(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let (_, nanos) = UNITS.iter().find(|(unit, _)| *unit == name)?;
    Some((*nanos, rest))
}

/// The nanoseconds of `0.<fraction>` units, cut, never rounded up.
fn part(fraction: &str, unit: u64) -> u64 {
    let (mut numerator, mut scale) = (0_u128, 1_u128);
    // Digits beyond the 18th are below a nanosecond for every unit.
    for digit in fraction.bytes().take(18) {
        numerator = numerator * 10 + u128::from(digit - b'0');
        scale *= 10;
    }
    u64::try_from(numerator * u128::from(unit) / scale)
        .expect("a fraction is smaller than its unit")
}

fn signed(total: u64, negative: bool) -> Option<i64> {
    if negative { 0_i64.checked_sub_unsigned(total) } else { i64::try_from(total).ok() }
}

impl fmt::Display for GoDuration {
    /// As Go prints it: `1m30s`, `1h0m0s`, `1.5s`, `250ms`, `0s`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 0 {
            out.write_str("-")?;
        }
        let nanos = self.0.unsigned_abs();
        match nanos {
            0 => out.write_str("0s"),
            1..1_000 => write!(out, "{nanos}ns"),
            1_000..1_000_000 => write!(out, "{}\u{b5}s", decimal(nanos, 1_000)),
            1_000_000..1_000_000_000 => write!(out, "{}ms", decimal(nanos, 1_000_000)),
            _ => {
                let minutes = nanos / 60_000_000_000;
                if minutes >= 60 {
                    write!(out, "{}h", minutes / 60)?;
                }
                if minutes > 0 {
                    write!(out, "{}m", minutes % 60)?;
                }
                write!(out, "{}s", decimal(nanos % 60_000_000_000, 1_000_000_000))
            }
        }
    }
}

/// `nanos / unit` with as many decimals as it needs.
fn decimal(nanos: u64, unit: u64) -> String {
    let width = unit.ilog10() as usize;
    let text = format!("{}.{:0width$}", nanos / unit, nanos % unit);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn nanos(text: &str) -> i64 {
        text.parse::<GoDuration>().unwrap_or_else(|error| panic!("{error}")).as_nanos()
    }

    #[test]
    fn the_durations_chaos_mesh_accepts_are_read() {
        assert_eq!(nanos("1m30s"), 90_000_000_000);
        assert_eq!(nanos("1.5h"), 5_400_000_000_000);
        assert_eq!(nanos("0"), 0);
        assert_eq!(nanos("-1m"), -60_000_000_000);
        assert_eq!(nanos("1h15m30.5s"), 4_530_500_000_000);
        assert_eq!(nanos("250\u{b5}s"), 250_000);
        assert_eq!(nanos(".5s"), 500_000_000);
    }

    #[test]
    fn what_go_does_not_call_a_duration_is_refused() {
        for bad in ["90", "1d", "5 m", "", "s", ".s", "-", "1m ", "1.m.s", "--1s"] {
            assert!(matches!(bad.parse::<GoDuration>(), Err(DurationError::Invalid(_))), "{bad}");
        }
    }

    #[test]
    fn a_duration_beyond_292_years_overflows() {
        assert!(matches!("3000000h".parse::<GoDuration>(), Err(DurationError::Overflow(_))));
        assert!(matches!(
            "99999999999999999999s".parse::<GoDuration>(),
            Err(DurationError::Overflow(_))
        ));
    }

    #[test]
    fn durations_print_as_go_prints_them() {
        for (nanos, text) in [
            (90_000_000_000, "1m30s"),
            (3_600_000_000_000, "1h0m0s"),
            (1_500_000_000, "1.5s"),
            (0, "0s"),
            (-250_000_000, "-250ms"),
        ] {
            assert_eq!(GoDuration(nanos).to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn every_duration_survives_a_round_trip(nanos: i64) {
            prop_assert_eq!(GoDuration(nanos).to_string().parse::<GoDuration>(), Ok(GoDuration(nanos)));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,80}|[-+0-9.a-z\u{b5}]{0,80}") {
            let _ = text.parse::<GoDuration>();
        }
    }
}
