//! `--expect-status`: which answers are good, such as `200`, `2xx` or `2xx,301,404-410`.

use std::{ops::RangeInclusive, str::FromStr};

/// Which statuses are good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statuses(Vec<RangeInclusive<u16>>);

/// Not a list of statuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no status; write 200, a class such as 2xx, a range such as 200-299, or a list of them with commas"
)]
pub struct BadStatuses(String);

impl Statuses {
    pub(crate) fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|range| range.contains(&status))
    }
}

impl FromStr for Statuses {
    type Err = BadStatuses;

    fn from_str(text: &str) -> Result<Self, BadStatuses> {
        let bad = |part: &str| BadStatuses(part.trim().to_owned());
        let parts = text.split(',').map(|part| range(part.trim()).ok_or_else(|| bad(part)));
        parts.collect::<Result<_, _>>().map(Self)
    }
}

fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let status = |text: &str| {
        let digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>().ok().filter(|status| digits && (100..600).contains(status))
    };
    if let Some(class) = text.strip_suffix("xx").or_else(|| text.strip_suffix("XX")) {
        let first = class.parse::<u16>().ok().filter(|class| (1..6).contains(class))? * 100;
        return Some(first..=first + 99);
    }
    match text.split_once('-') {
        None => status(text).map(|status| status..=status),
        Some((first, last)) => {
            let range = status(first.trim())?..=status(last.trim())?;
            (!range.is_empty()).then_some(range)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_classes_ranges_and_lists_are_read() {
        let good: Statuses = "2xx, 301,404-410".parse().unwrap();
        for status in [200, 299, 301, 404, 410] {
            assert!(good.contains(status), "{status}");
        }
        for status in [199, 300, 302, 403, 411] {
            assert!(!good.contains(status), "{status}");
        }
        for text in ["", "2x", "xx", "6xx", "99", "600", "200,", "300-200", "200-", "ok", "2xx-3xx"]
        {
            assert!(text.parse::<Statuses>().unwrap_err().to_string().contains("2xx"), "{text}");
        }
    }
}
