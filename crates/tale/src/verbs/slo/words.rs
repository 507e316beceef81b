//! Numbers of the statistics, as people read them.

use serde_json::Value;

/// A length of time, in the unit that fits.
pub(super) fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7_200.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.1} h", s / 3_600.0),
        s => format!("{:.1} d", s / 86_400.0),
    }
}

/// A p-value; one of zero does not exist.
pub(super) fn p(value: f64) -> String {
    if value < 1e-4 { "< 0.0001".to_owned() } else { format!("{value:.4}") }
}

/// A moment of UTC, to the second.
pub(super) fn moment(seconds: f64) -> String {
    jiff::Timestamp::from_second(seconds.round() as i64)
        .map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

/// JSON for people who look at it, too.
pub(super) fn json(value: &Value) -> String {
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_written_in_the_unit_that_fits() {
        let written = [95.0, 720.0, 18_720.0, 267_840.0].map(duration);
        assert_eq!(written, ["95 s", "12 min", "5.2 h", "3.1 d"]);
        assert_eq!(moment(1_735_689_600.0), "2025-01-01T00:00:00Z");
    }
}
