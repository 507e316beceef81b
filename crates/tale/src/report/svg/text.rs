//! Text whose width is only guessed: an SVG is laid out before anyone knows the font.

use crate::report::escape::xml;

/// The size of all labels, in pixels.
pub(super) const SIZE: f64 = 22.0;

/// The guessed width of a label in pixels, on the wide side.
pub(super) fn width(text: &str) -> f64 {
    let wide = |letter: char| match letter {
        'i' | 'j' | 'l' | 'I' | ' ' | '.' | ',' | '\'' | '|' => 0.34,
        't' | 'f' | 'r' | ':' | '-' => 0.43,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 0.95,
        'A'..='Z' => 0.72,
        letter if letter < '\u{2e80}' => 0.63,
        _ => 1.05,
    };
    text.chars().map(wide).sum::<f64>() * SIZE
}

/// The guessed width of a label in bold.
pub(super) fn bold_width(text: &str) -> f64 {
    width(text) * 1.1
}

/// The text cut in the middle to fit: names of pods differ at both ends.
pub(super) fn fit(text: &str, pixels: f64) -> String {
    cut(text, pixels, |kept| kept.div_ceil(2))
}

/// The text cut at its end to fit, as prose is.
pub(super) fn fit_prose(text: &str, pixels: f64) -> String {
    cut(text, pixels, |kept| kept)
}

/// The longest cut that fits; `head` says how many of the letters kept stand before the ellipsis.
fn cut(text: &str, pixels: f64, head: impl Fn(usize) -> usize) -> String {
    if width(text) <= pixels {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    let cut = |kept: usize| {
        let head = head(kept);
        let tail = letters[letters.len() - (kept - head)..].iter();
        let head = letters[..head].iter();
        head.chain(['…'].iter()).chain(tail).collect::<String>()
    };
    let longest = letters.len().min(120); // a chart is no wider
    let fits = (2..longest).rev().map(cut).find(|text| width(text) <= pixels);
    fits.unwrap_or_default()
}

/// A `<text>` element, escaped.
pub(super) fn text(x: f64, y: f64, class: &str, text: &str) -> String {
    match text {
        "" => String::new(),
        _ => format!("<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\">{}</text>\n", xml(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_fits_stays_whole() {
        assert_eq!(fit("dns-leaker", 400.0), "dns-leaker");
    }

    #[test]
    fn a_long_name_loses_its_middle() {
        let short = fit("dns-leaker-o11y-7d9c4f-x2v8k", 200.0);
        assert!(
            short.starts_with("dns-") && short.ends_with("2v8k") && short.contains('…'),
            "{short}"
        );
        assert!(width(&short) <= 200.0);
    }

    #[test]
    fn prose_loses_its_end() {
        let short = fit_prose("the network gets slow", 140.0);
        assert!(short.starts_with("the n") && short.ends_with('…'), "{short}");
    }

    #[test]
    fn where_nothing_fits_there_is_nothing() {
        assert_eq!(fit("calm before the storm", 10.0), "");
    }
}
