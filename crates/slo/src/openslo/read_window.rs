//! `spec.timeWindow` of an SLO: rolling, or by the calendar.

use super::model::TimeWindow;
use crate::calendar::{Calendar, Length};
use crate::yaml::Fields;

/// The one time window.
pub(super) fn window(spec: &mut Fields<'_>) -> Option<TimeWindow> {
    let mut items = spec.list("timeWindow");
    if spec.is_reported("timeWindow") {
        return None;
    }
    if items.len() != 1 {
        spec.error(
            "timeWindow",
            format!("has {} items", items.len()),
            "write exactly one, such as {duration: 30d, isRolling: true}",
        );
        return None;
    }
    let (path, value) = items.pop()?;
    let mut fields = Fields::new(spec.sink, &path, value)?;
    let length = fields.peek("duration").and_then(Length::parse);
    let duration = fields.period("duration");
    if duration.is_none() {
        fields.missing("duration");
    }
    let rolling = fields.flag("isRolling").unwrap_or(false);
    let calendar = fields.child("calendar");
    match (rolling, fields.has("calendar")) {
        (true, true) => fields.error(
            "calendar",
            "a rolling window has no calendar",
            "remove calendar or isRolling",
        ),
        (false, false) if !fields.is_reported("isRolling") => fields.error(
            "isRolling",
            "the window has no start",
            "write isRolling: true or a calendar",
        ),
        _ => {}
    }
    fields.finish();
    let calendar = match calendar {
        Some(fields) => Some(read_calendar(fields, length)?),
        None => None,
    };
    Some(TimeWindow { duration: duration?, calendar })
}

fn read_calendar(mut fields: Fields<'_>, length: Option<Length>) -> Option<Calendar> {
    let start_time = fields.required_text("startTime");
    if let Some(start) = &start_time
        && !is_start_time(start)
    {
        fields.error(
            "startTime",
            format!("{start:?} is not a local date and time"),
            "write YYYY-MM-DD hh:mm:ss without a zone",
        );
    }
    let time_zone = fields.required_text("timeZone");
    if let Some(zone) = &time_zone
        && !is_zone(zone)
    {
        fields.error(
            "timeZone",
            format!("{zone:?} is not the name of a time zone"),
            "write a name such as Europe/Vienna or UTC",
        );
    }
    fields.finish();
    Some(Calendar { start_time: start_time?, time_zone: time_zone?, length: length? })
}

fn is_start_time(text: &str) -> bool {
    let shape = "dddd-dd-dd dd:dd:dd";
    let fits = text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(
            |(b, s)| {
                if s == b'd' { b.is_ascii_digit() } else { b == s }
            },
        );
    let part = |from: usize, to: usize| text[from..to].parse::<u32>().unwrap_or(u32::MAX);
    fits && (1..=12).contains(&part(5, 7))
        && (1..=31).contains(&part(8, 10))
        && part(11, 13) < 24
        && part(14, 16) < 60
        && part(17, 19) < 60
}

/// Only the shape is checked here, `GMT` and `CET` included; `lint` and the gate look the name up.
fn is_zone(text: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+-".contains(&b))
    };
    text.split('/').all(plain)
}
