//! Text whose width is only guessed: an SVG is laid out before anyone knows the font.

use crate::report::escape::xml;

/// The size of all labels, in pixels.
pub(super) const SIZE: f64 = 22.0;

/// The guessed width of a label in pixels, on the wide side.
pub(super) fn width(text: &str) -> f64 {
    let wide = |letter: char| match letter {
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | 'I' | ' ' | '.' | ',' | ':' | '\'' | '-' | '|' => 0.42,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 0.95,
        'A'..='Z' => 0.72,
        letter if letter < '\u{2e80}' => 0.63,
        _ => 1.05,
    };
    text.chars().map(wide).sum::<f64>() * SIZE
}

/// The text cut in the middle to fit: names of pods differ at both ends.
pub(super) fn fit(text: &str, pixels: f64) -> String {
    if width(text) <= pixels {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    let cut = |kept: usize| {
        let head = letters[..kept.div_ceil(2)].iter();
        let tail = letters[letters.len() - kept / 2..].iter();
        head.chain(['…'].iter()).chain(tail).collect::<String>()
    };
    let fits = (2..letters.len().min(80))
        .rev()
        .map(cut)
        .find(|text| width(text) <= pixels);
    fits.unwrap_or_default()
}

/// A `<text>` element, escaped.
pub(super) fn text(x: f64, y: f64, class: &str, text: &str) -> String {
    match text {
        "" => String::new(),
        _ => format!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\">{}</text>\n",
            xml(text)
        ),
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
    fn where_nothing_fits_there_is_nothing() {
        assert_eq!(fit("calm before the storm", 10.0), "");
    }
}
