//! Numbers for people.

/// A percentage with the digits that matter: never rounded up to 100.
pub fn percent(ratio: f64) -> String {
    // The tiny addend undoes the noise of the multiplication: 0.57 is 57 %, not 56.999 %.
    let digits = (ratio * 1e5 + 1e-6).floor() / 1e3;
    format!("{digits} %")
}

/// A number for people: four significant digits, with the usual multiples.
pub fn short(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let (scaled, unit) = match value.abs() {
        size if size >= 1e9 => (value / 1e9, " G"),
        size if size >= 1e6 => (value / 1e6, " M"),
        size if size >= 1e4 => (value / 1e3, " k"),
        _ => (value, ""),
    };
    let digits = if scaled.abs() >= 100.0 { 1 } else { 4 };
    let text = format!("{scaled:.digits$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}{unit}")
}
