//! A time in a setting: `500ms`, `5s`.

use std::str::FromStr;
use std::time::Duration;

/// The longest: Kubernetes kills after 30 s by default.
const LONGEST: Duration = Duration::from_secs(300);

/// A number with its unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Delay(pub(super) Duration);

impl Delay {
    pub(super) const REMEDY: &str = "set it to a time such as 500ms or 5s, at most 300s";

    pub(super) const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

impl FromStr for Delay {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "that is not a time";
        let (number, unit) =
            text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
        let number: u64 = number.parse().map_err(|_| WRONG)?;
        let delay = match unit {
            "ms" => Duration::from_millis(number),
            "s" => Duration::from_secs(number),
            "" if number == 0 => Duration::ZERO,
            _ => return Err(WRONG),
        };
        if delay > LONGEST { Err("that is too long") } else { Ok(Self(delay)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_a_number_with_its_unit() {
        assert_eq!("0".parse(), Ok(Delay(Duration::ZERO)));
        assert_eq!("5s".parse(), Ok(Delay(Duration::from_secs(5))));
        assert_eq!("250ms".parse(), Ok(Delay(Duration::from_millis(250))));
        for text in ["", "5", "s", "-1s", "1.5s", "5m", "301s", "5 s", "99999999999999999999s"] {
            assert!(text.parse::<Delay>().is_err(), "{text}");
        }
    }
}
