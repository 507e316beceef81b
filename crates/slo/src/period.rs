//! Lengths of time as OpenSLO writes them (`5m`, `30d`, `1Q`) and as Prometheus reads them.

use std::fmt;

/// A length of time in whole milliseconds, above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    millis: u64,
}

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

impl Period {
    /// A period of whole minutes.
    pub const fn minutes(minutes: u64) -> Self {
        Self { millis: minutes * MINUTE }
    }

    /// A period of whole hours.
    pub const fn hours(hours: u64) -> Self {
        Self { millis: hours * HOUR }
    }

    /// A period of whole days.
    pub const fn days(days: u64) -> Self {
        Self { millis: days * DAY }
    }

    /// A period of whole seconds; zero becomes one.
    pub const fn seconds(seconds: u64) -> Self {
        Self { millis: if seconds == 0 { 1 } else { seconds } * SECOND }
    }

    /// Milliseconds, at least 1; zero becomes one.
    pub const fn from_millis(millis: u64) -> Self {
        Self { millis: if millis == 0 { 1 } else { millis } }
    }

    /// Length in milliseconds.
    pub const fn as_millis(self) -> u64 {
        self.millis
    }

    /// Length in seconds.
    pub fn as_secs_f64(self) -> f64 {
        self.millis as f64 / SECOND as f64
    }

    /// Length in days.
    pub fn as_days(self) -> f64 {
        self.millis as f64 / DAY as f64
    }

    /// How often `part` fits into this period.
    pub fn ratio(self, part: Self) -> f64 {
        self.millis as f64 / part.millis as f64
    }

    /// Reads OpenSLO's shorthand: an integer and one of `m h d w M Q Y`; a month is 30 days, a
    /// quarter 90, a year 365. Seconds (`s`) are an extension: time slices of a demo are shorter
    /// than a minute.
    ///
    /// # Errors
    /// Says what is accepted when the text is anything else, zero, or longer than a century.
    pub fn parse(text: &str) -> Result<Self, NotAPeriod> {
        let refuse = || NotAPeriod(text.to_owned());
        let unit_at = text.len().checked_sub(1).ok_or_else(refuse)?;
        let (number, unit) = text.split_at_checked(unit_at).ok_or_else(refuse)?;
        let unit = match unit {
            "s" => SECOND,
            "m" => MINUTE,
            "h" => HOUR,
            "d" => DAY,
            "w" => 7 * DAY,
            "M" => 30 * DAY,
            "Q" => 90 * DAY,
            "Y" => 365 * DAY,
            _ => return Err(refuse()),
        };
        if !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(refuse());
        }
        let number: u64 = number.parse().map_err(|_| refuse())?;
        match number.checked_mul(unit) {
            Some(millis) if millis > 0 && millis <= 36_500 * DAY => Ok(Self { millis }),
            _ => Err(refuse()),
        }
    }
}

/// The text is not a duration in OpenSLO's shorthand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a duration")]
pub struct NotAPeriod(String);

impl fmt::Display for Period {
    /// The shortest single-unit Prometheus duration: `28d`, `90m`, `1500ms`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s")];
        let (length, unit) = units
            .into_iter()
            .find(|(length, _)| self.millis.is_multiple_of(*length))
            .unwrap_or((1, "ms"));
        write!(f, "{}{unit}", self.millis / length)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_month_is_thirty_days_and_a_minute_is_lower_case() {
        assert_eq!(Period::parse("1M").unwrap(), Period::days(30));
        assert_eq!(Period::parse("1m").unwrap(), Period::minutes(1));
        assert_eq!(Period::parse("1Q").unwrap(), Period::days(90));
        assert_eq!(Period::parse("1Y").unwrap(), Period::days(365));
        assert_eq!(Period::parse("4w").unwrap().to_string(), "28d");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "m", "0m", "5", "1h30m", "-1h", "1 h", "+1h", "9999999999Y", "1µ"] {
            assert!(Period::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in ".*") {
            let _ = Period::parse(&text);
        }

        #[test]
        fn printing_and_parsing_are_inverse(seconds in 1u64..1_000_000) {
            let period = Period::seconds(seconds);
            prop_assert_eq!(Period::parse(&period.to_string()).unwrap(), period);
        }
    }
}
