//! Numbers as people say them: 9.9 MB, 250 ms, 12 /s, 1.5 %.

use super::Unit;

/// Seconds of a story: one decimal up to a hundred, none above.
pub(super) fn seconds(value: f64) -> String {
    if !value.is_finite() {
        "unknown".to_owned()
    } else if value.abs() < 99.95 {
        format!("{} s", trimmed(value, 1))
    } else {
        format!("{value:.0} s")
    }
}

/// Minutes of an error budget: one decimal.
pub(super) fn minutes(value: f64) -> String {
    if value.is_finite() { format!("{} min", trimmed(value, 1)) } else { "unknown".to_owned() }
}

/// A single value, to three digits or so.
pub(crate) fn human(unit: Unit, value: f64) -> String {
    let (divisor, name) = scale(unit, value);
    let shown = value / divisor;
    let decimals = match shown.abs() {
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        _ => 2,
    };
    format!("{}{name}", trimmed(shown, decimals))
}

/// One mark of an axis that reaches to `top` in steps of `step`: all marks get the same prefix and
/// decimals.
pub(super) fn mark(unit: Unit, value: f64, step: f64, top: f64) -> String {
    let (divisor, name) = scale(unit, top);
    let digits = -(step / divisor).log10().floor();
    let decimals = if digits.is_finite() && digits > 0.0 { digits.min(9.0) as usize } else { 0 };
    format!("{}{name}", trimmed(value / divisor, decimals))
}

/// What to divide by, and what to write behind.
fn scale(unit: Unit, size: f64) -> (f64, &'static str) {
    let size = size.abs();
    let steps: &[(f64, &str)] = match unit {
        Unit::Bytes => &[(1e9, " GB"), (1e6, " MB"), (1e3, " kB"), (1.0, " B")],
        Unit::Seconds => &[(1.0, " s"), (1e-3, " ms"), (1e-6, " µs")],
        Unit::PerSecond => &[(1e6, "M/s"), (1e3, "k/s"), (1.0, "/s")],
        Unit::Ratio => &[(0.01, " %")],
        Unit::Count => &[(1e6, "M"), (1e3, "k"), (1.0, "")],
    };
    let smallest = match unit {
        Unit::Seconds if size == 0.0 => steps[0],
        _ => steps[steps.len() - 1],
    };
    let fits = steps.iter().find(|(divisor, _)| size >= *divisor);
    fits.copied().unwrap_or(smallest)
}

/// Fixed decimals without trailing zeros, and without a minus before nought.
fn trimmed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => text.as_str(),
    };
    if text == "-0" { "0" } else { text }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_as_people_say_them() {
        assert_eq!(human(Unit::Bytes, 9_900_000.0), "9.9 MB");
        assert_eq!(human(Unit::Bytes, 512.0), "512 B");
        assert_eq!(human(Unit::Seconds, 0.25), "250 ms");
        assert_eq!(human(Unit::Seconds, 0.0), "0 s");
        assert_eq!(human(Unit::PerSecond, 12_500.0), "12.5k/s");
        assert_eq!(human(Unit::Ratio, 0.015), "1.5 %");
        assert_eq!(human(Unit::Count, 3.0), "3");
    }

    #[test]
    fn all_marks_of_an_axis_have_the_same_prefix() {
        assert_eq!(mark(Unit::Bytes, 500_000.0, 500_000.0, 2e6), "0.5 MB");
        assert_eq!(mark(Unit::Bytes, 0.0, 5e6, 2e7), "0 MB");
        assert_eq!(mark(Unit::Ratio, 0.2, 0.2, 1.0), "20 %");
        assert_eq!(mark(Unit::Seconds, 0.05, 0.05, 0.2), "50 ms");
    }

    #[test]
    fn seconds_of_a_story_have_one_decimal_at_most() {
        assert_eq!(seconds(3.24), "3.2 s");
        assert_eq!(seconds(45.0), "45 s");
        assert_eq!(seconds(734.4), "734 s");
        assert_eq!(seconds(-0.01), "0 s");
        assert_eq!(seconds(f64::NAN), "unknown");
    }
}
