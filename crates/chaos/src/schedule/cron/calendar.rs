//! The fields of a calendar schedule.

use jiff::tz::TimeZone;

use super::field::{Field, FieldError, Range};

/// A schedule by the calendar: which seconds, minutes, hours and days, where.
#[derive(Clone, Debug)]
pub(super) struct Calendar {
    pub(super) second: Field,
    pub(super) minute: Field,
    pub(super) hour: Field,
    pub(super) day: Field,
    pub(super) month: Field,
    pub(super) weekday: Field,
    pub(super) zone: TimeZone,
}

impl Calendar {
    /// Reads five fields, or six with seconds first; `None` for any other number of them.
    pub(super) fn parse(fields: &[&str], zone: TimeZone) -> Result<Option<Self>, FieldError> {
        let (second, rest) = match fields {
            rest @ [_, _, _, _, _] => ("0", rest),
            [second, rest @ ..] if rest.len() == 5 => (*second, rest),
            _ => return Ok(None),
        };
        Ok(Some(Self {
            second: Range::SECOND.parse(second)?,
            minute: Range::MINUTE.parse(rest[0])?,
            hour: Range::HOUR.parse(rest[1])?,
            day: Range::DAY.parse(rest[2])?,
            month: Range::MONTH.parse(rest[3])?,
            weekday: Range::WEEKDAY.parse(rest[4])?,
            zone,
        }))
    }
}
