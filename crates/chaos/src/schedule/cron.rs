//! When a Schedule fires: the cron dialect of robfig/cron v3, which Chaos Mesh uses.
//!
//! Five fields (minute hour day month weekday), or six with seconds first; `@hourly` and its like;
//! `@every 90s`. Weekdays run 0-6 (7 is refused) and there is no `L`, `W` or `#`. Times are UTC
//! unless the text starts with `TZ=Area/City` or `CRON_TZ=Area/City`. The search for the next tick
//! is in `cron/next.rs`.

mod calendar;
mod field;
mod next;

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use thiserror::Error;

use crate::fields::duration::GoDuration;
use calendar::Calendar;

pub use field::FieldError;

/// Longest text read: the parser's work is bounded whatever a document holds.
const MAX_LENGTH: usize = 256;
const SECOND: i64 = 1_000_000_000;

/// A parsed schedule.
#[derive(Clone, Debug)]
pub struct Cron {
    source: String,
    plan: Plan,
}

#[derive(Clone, Debug)]
enum Plan {
    /// `@every`: whole seconds, at least one.
    Every(GoDuration),
    Calendar(Box<Calendar>),
}

/// Why a text is not a schedule.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CronError {
    /// Empty, or longer than any schedule.
    #[error(
        "a schedule is 1 to {MAX_LENGTH} characters; write for example `*/5 * * * *` or `@every 90s`"
    )]
    Length,
    /// Neither five nor six fields.
    #[error("expected 5 fields (minute hour day month weekday) or 6 (seconds first), found {0}")]
    FieldCount(usize),
    /// One field cannot be read.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// An `@word` that does not exist in this dialect.
    #[error(
        "`{0}` is not a descriptor; use @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly or `@every <duration>`"
    )]
    Descriptor(String),
    /// `@every` without a duration after it.
    #[error("@every: {0}")]
    Every(#[from] crate::fields::duration::DurationError),
    /// The `TZ=` prefix names no known zone.
    #[error(
        "`{0}` is not a time zone; write `TZ=Area/City ` before the fields, for example `TZ=Europe/Vienna 0 9 * * *`"
    )]
    Zone(String),
}

impl Cron {
    /// The first tick later than `after`; `None` if there is none within five years (`0 0 31 2 *`).
    #[must_use]
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        match &self.plan {
            Plan::Every(interval) => {
                after.checked_add(interval.as_signed()).ok().map(next::whole_second)
            }
            Plan::Calendar(calendar) => next::search(calendar, after),
        }
    }

    /// The interval of `@every`, `None` for a calendar schedule.
    #[must_use]
    pub fn interval(&self) -> Option<GoDuration> {
        match self.plan {
            Plan::Every(interval) => Some(interval),
            Plan::Calendar(_) => None,
        }
    }

    /// All ticks in `(after, until]`, at most `limit` of them.
    #[must_use]
    pub fn ticks(&self, after: Timestamp, until: Timestamp, limit: usize) -> Vec<Timestamp> {
        std::iter::successors(self.next(after), |tick| self.next(*tick))
            .take_while(|tick| *tick <= until)
            .take(limit)
            .collect()
    }
}

impl FromStr for Cron {
    type Err = CronError;

    fn from_str(source: &str) -> Result<Self, CronError> {
        if source.is_empty() || source.len() > MAX_LENGTH {
            return Err(CronError::Length);
        }
        let (zone, rest) = split_zone(source)?;
        let plan = match rest.strip_prefix("@every ") {
            Some(interval) => Plan::Every(whole_seconds(interval.parse()?)),
            None => {
                let fields: Vec<&str> = expand(rest)?.split_whitespace().collect();
                let calendar = Calendar::parse(&fields, zone)?;
                Plan::Calendar(Box::new(calendar.ok_or(CronError::FieldCount(fields.len()))?))
            }
        };
        Ok(Self { source: source.to_owned(), plan })
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.source)
    }
}

/// Takes a `TZ=` or `CRON_TZ=` prefix off.
fn split_zone(source: &str) -> Result<(TimeZone, &str), CronError> {
    let Some(zoned) = source.strip_prefix("TZ=").or_else(|| source.strip_prefix("CRON_TZ=")) else {
        return Ok((TimeZone::UTC, source));
    };
    let unknown = || CronError::Zone(zoned.chars().take(40).collect());
    let (name, rest) = zoned.split_once(' ').ok_or_else(unknown)?;
    let zone = if name.is_empty() || name == "UTC" {
        TimeZone::UTC
    } else {
        TimeZone::get(name).map_err(|_| unknown())?
    };
    Ok((zone, rest.trim()))
}

/// Under a second becomes a second; the part below a second is cut.
fn whole_seconds(interval: GoDuration) -> GoDuration {
    let nanos = interval.as_nanos().max(SECOND);
    GoDuration::from_nanos(nanos - nanos % SECOND)
}

/// Replaces a descriptor by its fields.
fn expand(text: &str) -> Result<&str, CronError> {
    match text {
        "@yearly" | "@annually" => Ok("0 0 1 1 *"),
        "@monthly" => Ok("0 0 1 * *"),
        "@weekly" => Ok("0 0 * * 0"),
        "@daily" | "@midnight" => Ok("0 0 * * *"),
        "@hourly" => Ok("0 * * * *"),
        _ if text.starts_with('@') => Err(CronError::Descriptor(text.to_owned())),
        _ => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn schedules_outside_the_dialect_are_refused() {
        let refused = [
            "",
            "* * * *",
            "* * * * * * *",
            "0 0 * * 7",
            "60 * * * *",
            "@reboot",
            "@every 10",
            "@every",
            "0 0 L * *",
            "0 0 * * 1#2",
            "*/0 * * * *",
        ];
        for bad in refused.into_iter().chain([
            "5-1 * * * *",
            "1-2-3 * * * *",
            "1/2/3 * * * *",
            "TZ=Nowhere/Land * * * * *",
            "TZ=UTC",
            "a * * * *",
        ]) {
            assert!(bad.parse::<Cron>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_error_names_the_field_and_what_is_wrong() {
        let error = "60 * * * *".parse::<Cron>().unwrap_err().to_string();
        assert_eq!(error, "`60` is not a valid minute: 60 is above 59");
    }

    #[test]
    fn every_less_than_a_second_is_every_second() {
        for text in ["@every 10ms", "@every -5s", "@every 0"] {
            assert_eq!(
                text.parse::<Cron>().unwrap().interval(),
                Some(GoDuration::from_nanos(SECOND))
            );
        }
        assert_eq!(
            "@every 2500ms".parse::<Cron>().unwrap().interval(),
            Some(GoDuration::from_nanos(2 * SECOND))
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,60}|(TZ=)?[@*?/,0-9a-zA-Z -]{0,60}") {
            if let Ok(cron) = text.parse::<Cron>() {
                let _ = cron.next(Timestamp::UNIX_EPOCH);
            }
        }
    }
}
