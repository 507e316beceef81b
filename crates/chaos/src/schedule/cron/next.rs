//! The next tick of a calendar schedule.
//!
//! The search only walks forward, in real time, so it ends and every tick is later than the one
//! before. At a daylight saving change a local time that is skipped does not fire, and one that
//! occurs twice fires twice (as robfig/cron).

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};

use super::calendar::Calendar;

/// Schedules without a tick within this many years never fire.
const HORIZON_YEARS: i16 = 5;

pub(super) fn search(calendar: &Calendar, after: Timestamp) -> Option<Timestamp> {
    let mut time = forward(&whole_second(after).to_zoned(calendar.zone.clone()), 1)?;
    let last_year = time.year() + HORIZON_YEARS;
    while time.year() <= last_year {
        if !calendar.month.has(time.month()) {
            time = start_of(
                time.date().first_of_month().checked_add(1.month()).ok()?,
                &calendar.zone,
            )?;
        } else if !day_matches(calendar, &time) {
            time = start_of(time.date().tomorrow().ok()?, &calendar.zone)?;
        } else if !calendar.hour.has(time.hour()) {
            time =
                forward(&time, 3_600 - i64::from(time.minute()) * 60 - i64::from(time.second()))?;
        } else if !calendar.minute.has(time.minute()) {
            time = forward(&time, 60 - i64::from(time.second()))?;
        } else if !calendar.second.has(time.second()) {
            time = forward(&time, 1)?;
        } else {
            return Some(time.timestamp());
        }
    }
    None
}

/// Cuts what is below a second.
pub(super) fn whole_second(time: Timestamp) -> Timestamp {
    let below = time.as_nanosecond().rem_euclid(1_000_000_000);
    let nanos = i64::try_from(below).expect("a remainder of 10^9");
    time.checked_sub(SignedDuration::from_nanos(nanos)).unwrap_or(time)
}

/// With a bare star in one of the two day fields both must match; otherwise either is enough.
fn day_matches(calendar: &Calendar, time: &Zoned) -> bool {
    let day = calendar.day.has(time.day());
    let weekday = calendar.weekday.has(time.weekday().to_sunday_zero_offset());
    if calendar.day.star || calendar.weekday.star { day && weekday } else { day || weekday }
}

fn forward(time: &Zoned, seconds: i64) -> Option<Zoned> {
    time.checked_add(SignedDuration::from_secs(seconds)).ok()
}

fn start_of(date: Date, zone: &TimeZone) -> Option<Zoned> {
    date.to_zoned(zone.clone()).ok()
}

#[cfg(test)]
mod tests;
