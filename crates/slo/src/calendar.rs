//! Calendar windows: which day, week, month, quarter or year it is, and when exactly that began in
//! its time zone.
//!
//! Windows are counted from the SLO's `startTime`, never from each other: the month after 31
//! January ends on 28 February, the one after that on 31 March again. A day has the hours that its
//! time zone gives it, 23 or 25 at a change of the clocks. Time zones come from the bundled
//! database, so a verdict does not depend on the machine.

#[cfg(test)]
mod tests;

use jiff::civil::DateTime;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};

/// `spec.timeWindow[0].calendar`: where a calendar window starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Calendar {
    /// `YYYY-MM-DD hh:mm:ss` in `time_zone`.
    pub start_time: String,
    /// IANA name, e.g. `Europe/Vienna`.
    pub time_zone: String,
    /// Length of each window, in units of the calendar.
    pub length: Length,
}

/// The length of a calendar window as it is written: here a month is a month, not thirty days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length {
    count: i64,
    unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// Why a window cannot be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoWindow {
    /// The zone is not in the database.
    #[error("{0:?} is not a known time zone")]
    Zone(String),
    /// The start is not a date, such as 30 February.
    #[error("{0:?} is not a date and time of the calendar")]
    Start(String),
    /// The moment lies before the first window, or the first window beyond what can be computed.
    #[error("the first window starts at {0}, which is still to come")]
    NotYet(String),
}

impl Length {
    /// Reads what [`Period::parse`](crate::Period::parse) reads, and keeps the unit.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (count, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let unit = match unit {
            "s" => Unit::Second,
            "m" => Unit::Minute,
            "h" => Unit::Hour,
            "d" => Unit::Day,
            "w" => Unit::Week,
            "M" => Unit::Month,
            "Q" => Unit::Quarter,
            "Y" => Unit::Year,
            _ => return None,
        };
        let count = count.parse().ok().filter(|count| *count > 0)?;
        Some(Self { count, unit })
    }
}

/// When the window that holds `now` began: the latest `startTime + n * length` that is not after
/// `now`.
///
/// # Errors
/// See [`NoWindow`].
pub fn window_start(calendar: &Calendar, now: Timestamp) -> Result<Zoned, NoWindow> {
    let (zone, first) = read(calendar)?;
    let no_start = || NoWindow::Start(calendar.start_time.clone());
    let begins = |n: i64| start(first, calendar.length, n, &zone);
    let begun = |n: i64| begins(n).is_some_and(|start| start.timestamp() <= now);
    if !begun(0) {
        let start = begins(0).ok_or_else(no_start)?;
        return Err(NoWindow::NotYet(start.timestamp().to_string()));
    }
    // Double until it is too far, then halve: starts only grow.
    let mut beyond: i64 = 1;
    while begun(beyond) {
        beyond = beyond.saturating_mul(2);
    }
    let mut reached = beyond / 2;
    while beyond - reached > 1 {
        let middle = reached + (beyond - reached) / 2;
        if begun(middle) {
            reached = middle;
        } else {
            beyond = middle;
        }
    }
    begins(reached).ok_or_else(no_start)
}

/// Checks what does not depend on the time of day: that the zone and the date exist.
///
/// # Errors
/// See [`NoWindow`].
pub(crate) fn check(calendar: &Calendar) -> Result<(), NoWindow> {
    read(calendar).map(drop)
}

fn read(calendar: &Calendar) -> Result<(TimeZone, DateTime), NoWindow> {
    let zone = TimeZoneDatabase::bundled()
        .get(&calendar.time_zone)
        .map_err(|_| NoWindow::Zone(calendar.time_zone.clone()))?;
    let first = calendar.start_time.parse();
    let first = first.map_err(|_| NoWindow::Start(calendar.start_time.clone()))?;
    Ok((zone, first))
}

/// The start of the window number `n`; `None` beyond the end of the calendar.
fn start(first: DateTime, length: Length, n: i64, zone: &TimeZone) -> Option<Zoned> {
    let count = length.count.checked_mul(n)?;
    let seconds = |each: i64| {
        let begun = first.to_zoned(zone.clone()).ok()?;
        let later = SignedDuration::from_secs(count.checked_mul(each)?);
        begun.checked_add(later).ok()
    };
    let date = match length.unit {
        // Hours pass at the same speed all year.
        Unit::Second => return seconds(1),
        Unit::Minute => return seconds(60),
        Unit::Hour => return seconds(3600),
        Unit::Day => first.checked_add(0.days().try_days(count).ok()?),
        Unit::Week => first.checked_add(0.days().try_weeks(count).ok()?),
        Unit::Month => first.checked_add(0.days().try_months(count).ok()?),
        Unit::Quarter => first.checked_add(0.days().try_months(count.checked_mul(3)?).ok()?),
        Unit::Year => first.checked_add(0.days().try_years(count).ok()?),
    };
    date.ok()?.to_zoned(zone.clone()).ok()
}
