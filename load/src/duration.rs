//! Durations as people write them: `250ms`, `10s`, `1m30s`, `2h`.

use std::time::Duration;

/// Units and their length in nanoseconds, longest name first where one begins with another.
const UNITS: [(&str, u64); 5] = [
    ("ms", 1_000_000),
    ("us", 1_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// The longest duration that is accepted: a week.
pub(crate) const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

/// Text that is not a duration, or one that is too long.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration; write it as 250ms, 10s, 1m30s or 2h, at most 168h")]
pub struct BadDuration(pub(crate) String);

/// Reads a duration: one or more whole numbers, each with its unit.
///
/// # Errors
/// A number without a unit, an unknown unit, a sign, or more than a week.
pub fn parse_duration(text: &str) -> Result<Duration, BadDuration> {
    let bad = || BadDuration(text.to_owned());
    let mut rest = text;
    let mut total = 0_u64;
    loop {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().map_err(|_| bad())?;
        rest = &rest[digits..];
        let (unit, nanoseconds) =
            UNITS.into_iter().find(|(unit, _)| rest.starts_with(unit)).ok_or_else(bad)?;
        rest = &rest[unit.len()..];
        total = number
            .checked_mul(nanoseconds)
            .and_then(|part| total.checked_add(part))
            .ok_or_else(bad)?;
        if rest.is_empty() {
            break;
        }
    }
    let total = Duration::from_nanos(total);
    if total > LONGEST {
        return Err(bad());
    }
    Ok(total)
}

/// Three digits and a unit, for tables: `1.9 s`, `250 ms`, `87 us`.
pub(crate) fn rounded(duration: Duration) -> String {
    let us = duration.as_secs_f64() * 1e6;
    let (number, unit) = match us {
        _ if us < 999.5 => (us, "us"),
        _ if us < 999_500.0 => (us / 1e3, "ms"),
        _ => (us / 1e6, "s"),
    };
    match number {
        _ if number < 9.995 => format!("{number:.2} {unit}"),
        _ if number < 99.95 => format!("{number:.1} {unit}"),
        _ => format!("{number:.0} {unit}"),
    }
}

#[cfg(test)]
mod tests;
