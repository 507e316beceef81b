//! A heap as a flame graph: the wider a function, the more bytes it, and all that it called, holds.
//! Drawn without scripts: what is too narrow for its name shows it to who points at it.

use super::escape::xml;
use super::units::{human, seconds};
use super::{Frame, Profile, Unit};

const WIDTH: f64 = 1280.0;
const MARGIN: f64 = 24.0;
const HEAD: f64 = 64.0;
/// The height of a function.
const ROW: f64 = 30.0;
/// Deeper calls are not drawn: what they hold is in their callers.
const DEEPEST: u32 = 24;
/// Narrower ones neither.
const NARROWEST: f64 = 2.0;
/// The guessed width of a letter.
const LETTER: f64 = 10.5;

/// The flame graph as an SVG document, callers above those that they called.
pub(super) fn flame(profile: &Profile) -> String {
    let all = profile.bytes.max(1) as f64;
    let scale = (WIDTH - 2.0 * MARGIN) / all;
    let shown = |frame: &&Frame| frame.depth <= DEEPEST && frame.bytes as f64 * scale >= NARROWEST;
    let frames: Vec<&Frame> = profile.frames.iter().filter(shown).collect();
    let rows = frames.iter().map(|frame| frame.depth).max().unwrap_or(0) + 1;
    let height = HEAD + f64::from(rows) * ROW + MARGIN;
    let rows: String = frames.iter().map(|frame| draw(frame, scale, all)).collect();
    let title = format!(
        "Who holds the memory: {} of {} at {}",
        human(Unit::Bytes, all),
        profile.pod,
        seconds(profile.at_s)
    );
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" class=\"tale-flame\" role=\"img\" aria-label=\"{label}\">\n<style>\n{style}</style>\n<rect width=\"{WIDTH}\" height=\"{height}\" rx=\"12\" class=\"paper\"/>\n<text x=\"{MARGIN}\" y=\"42\" class=\"title\">{label}</text>\n{rows}</svg>\n",
        label = xml(&title),
        style = include_str!("flame.css"),
    )
}

fn draw(frame: &Frame, scale: f64, all: f64) -> String {
    let (x, width) = (MARGIN + frame.left as f64 * scale, frame.bytes as f64 * scale);
    let y = HEAD + f64::from(frame.depth) * ROW;
    let size = human(Unit::Bytes, frame.bytes as f64);
    let share = human(Unit::Ratio, frame.bytes as f64 / all);
    let room = ((width - 12.0) / LETTER).max(0.0) as usize;
    let name = short(&frame.name);
    let label = fitting(&format!("{name} {size}"), room).or_else(|| fitting(name, room));
    let label = label.map_or_else(String::new, |label| {
        format!("<text x=\"{:.1}\" y=\"{:.1}\">{}</text>", x + 6.0, y + 20.5, xml(&label))
    });
    format!(
        "<g><title>{}</title><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{}\" class=\"h{}\"/>{label}</g>\n",
        xml(&format!("{}: {size}, {share}", frame.name)),
        (width - 1.0).max(1.0),
        ROW - 1.5,
        frame.name.bytes().map(u32::from).sum::<u32>() % 4,
    )
}

/// A label, if so many letters have room for it.
fn fitting(label: &str, room: usize) -> Option<String> {
    (label.chars().count() <= room).then(|| label.to_owned())
}

/// A Rust path without its first parts: `leak::Leak::lookup_failed`.
fn short(name: &str) -> &str {
    // What stands in angle brackets is a type, and has paths of its own.
    if name.contains('<') {
        return name;
    }
    name.rmatch_indices("::").nth(2).map_or(name, |(at, _)| &name[at + 2..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_as_wide_as_the_bytes_they_hold() {
        let frame =
            |name: &str, depth, left, bytes| Frame { name: name.to_owned(), depth, left, bytes };
        let profile = Profile {
            pod: "dns-leaker-o11y-1".to_owned(),
            at_s: 30.0,
            bytes: 16_000_000,
            frames: vec![
                frame("all", 0, 0, 16_000_000),
                frame("dns_leaker::leak::Leak::lookup_failed", 1, 4_000_000, 12_000_000),
                frame("tiny", 1, 0, 10),
            ],
        };
        let drawn = flame(&profile);
        roxmltree::Document::parse(&drawn).unwrap();
        assert!(drawn.contains(">leak::Leak::lookup_failed 12 MB</text>"), "{drawn}");
        assert!(
            drawn.contains("dns_leaker::leak::Leak::lookup_failed: 12 MB, 75 %</title>"),
            "{drawn}"
        );
        assert!(drawn.contains("16 MB of dns-leaker-o11y-1 at 30 s"), "{drawn}");
        assert!(drawn.contains("x=\"332.0\"") && drawn.contains("width=\"923.0\""), "{drawn}");
        assert!(!drawn.contains("tiny"), "too narrow to be seen");
    }
}
