//! One field of a schedule: a set of numbers written as lists, ranges, stars and steps.

use thiserror::Error;

/// Why a field cannot be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{field}` is not a valid {name}: {why}")]
pub struct FieldError {
    /// Which field.
    name: &'static str,
    /// Its text.
    field: String,
    /// What is wrong with it.
    why: String,
}

/// The numbers a field allows, as bits, and whether it was a bare `*` or `?`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    bits: u64,
    pub(super) star: bool,
}

impl Field {
    pub(super) fn has(self, value: i8) -> bool {
        u32::try_from(value).is_ok_and(|value| self.bits & (1 << value) != 0)
    }
}

/// What may stand in a field.
pub(super) struct Range {
    name: &'static str,
    min: u32,
    max: u32,
    names: &'static [&'static str],
}

impl Range {
    pub(super) const SECOND: Self = Self { name: "second", min: 0, max: 59, names: &[] };
    pub(super) const MINUTE: Self = Self { name: "minute", min: 0, max: 59, names: &[] };
    pub(super) const HOUR: Self = Self { name: "hour", min: 0, max: 23, names: &[] };
    pub(super) const DAY: Self = Self { name: "day of month", min: 1, max: 31, names: &[] };
    pub(super) const MONTH: Self = Self {
        name: "month",
        min: 1,
        max: 12,
        names: &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    };
    pub(super) const WEEKDAY: Self = Self {
        name: "day of week (0-6, Sunday is 0)",
        min: 0,
        max: 6,
        names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    };

    /// Reads `part,part,..`; empty parts are skipped, as robfig/cron does.
    pub(super) fn parse(&self, text: &str) -> Result<Field, FieldError> {
        let mut field = Field { bits: 0, star: false };
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let (bits, star) = self.part(part).map_err(|why| FieldError {
                name: self.name,
                field: text.to_owned(),
                why,
            })?;
            field.bits |= bits;
            field.star |= star;
        }
        Ok(field)
    }

    /// Reads `*`, `N`, `N-M`, each with an optional `/step`; `N/step` runs from N to the maximum.
    fn part(&self, text: &str) -> Result<(u64, bool), String> {
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, Some(number(step)?)),
            None => (text, None),
        };
        let (low, high) =
            range.split_once('-').map_or((range, None), |(low, high)| (low, Some(high)));
        let star = low == "*" || low == "?";
        let (start, end) = match (star, high) {
            (true, _) => (self.min, self.max),
            (false, Some(high)) => (self.value(low)?, self.value(high)?),
            (false, None) if step.is_some() => (self.value(low)?, self.max),
            (false, None) => (self.value(low)?, self.value(low)?),
        };
        if start < self.min {
            return Err(format!("{start} is below {}", self.min));
        }
        if end > self.max {
            return Err(format!("{end} is above {}", self.max));
        }
        if start > end {
            return Err(format!("the range runs backwards from {start} to {end}"));
        }
        let step = step.unwrap_or(1);
        if step == 0 {
            return Err("a step must be at least 1".to_owned());
        }
        let bits =
            (start..=end).step_by(step as usize).fold(0, |bits, value| bits | 1_u64 << value);
        // A stepped star restricts the days as a list does, so the day rule does not count it as a
        // star.
        Ok((bits, star && step == 1))
    }

    fn value(&self, text: &str) -> Result<u32, String> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        match named.and_then(|index| u32::try_from(index).ok()) {
            Some(index) => Ok(index + self.min),
            None => number(text),
        }
    }
}

fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number"))
}
