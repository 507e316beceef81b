//! A heap as a flame graph: the wider a function, the more bytes it, and all that it called, holds.
//! Drawn without scripts: what is too narrow for its name shows it to who points at it.

use super::escape::xml;
use super::units::{human, seconds};
use super::{Frame, Profile, Unit};

const WIDTH: f64 = 1280.0;
const MARGIN: f64 = 24.0;
const HEAD: f64 = 64.0;
/// The height of a function.
const ROW: f64 = 36.0;
/// Functions of Rust's libraries, of the runtimes under a program and of its allocator: they hold
/// nothing that anybody could change.
const TRUNK: [&str; 19] = [
    "std::",
    "core::",
    "alloc::",
    "tokio::",
    "rocket::",
    "hyper::",
    "futures",
    "tracing",
    "[",
    "__",
    "start_thread",
    "clone",
    "main",
    "_start",
    "raw_vec::",
    "_rjem",
    "je_",
    "prof_",
    "do_rallocx",
];
/// Narrower functions are not drawn: what they hold is in their callers.
const NARROWEST: f64 = 2.0;
/// The guessed width of a letter.
const LETTER: f64 = 12.8;

/// The flame graph as an SVG document, callers above those that they called.
pub(super) fn flame(profile: &Profile) -> String {
    let all = profile.bytes.max(1) as f64;
    let scale = (WIDTH - 2.0 * MARGIN) / all;
    let shown = |frame: &Frame| frame.bytes as f64 * scale >= NARROWEST;
    let mut frames: Vec<Frame> = without_trunk(&profile.frames);
    frames.retain(shown);
    let rows = frames.iter().map(|frame| frame.depth).max().unwrap_or(0) + 1;
    let height = HEAD + f64::from(rows) * ROW + MARGIN;
    let rows: String = frames.iter().map(|frame| draw(frame, scale, all)).collect();
    let title = format!("{} of {}", human(Unit::Bytes, all), profile.pod);
    let title = format!("{title} at {}", seconds(profile.at_s));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" class=\"tale-flame\" role=\"img\" aria-label=\"{label}\">\n<style>\n{style}</style>\n<rect width=\"{WIDTH}\" height=\"{height}\" rx=\"12\" class=\"paper\"/>\n<text x=\"{MARGIN}\" y=\"42\" class=\"title\">{label}</text>\n{rows}</svg>\n",
        label = xml(&title),
        style = include_str!("flame.css"),
    )
}

/// The program's own functions, and what holds everything; callers that are left out give their
/// place to what they called. All of them, if none is the program's own.
fn without_trunk(frames: &[Frame]) -> Vec<Frame> {
    let own = |frame: &&Frame| {
        let name = frame.name.trim_start_matches('<');
        frame.depth == 0 || !TRUNK.iter().any(|trunk| name.starts_with(trunk))
    };
    let kept: Vec<&Frame> = frames.iter().filter(own).collect();
    if kept.len() < 2 {
        return frames.to_vec();
    }
    let holds = |outer: &Frame, inner: &Frame| {
        outer.depth < inner.depth
            && outer.left <= inner.left
            && inner.left + inner.bytes <= outer.left + outer.bytes
    };
    let placed = kept.iter().map(|frame| {
        let callers = kept.iter().filter(|other| holds(other, frame)).count();
        Frame { depth: callers as u32, ..(*frame).clone() }
    });
    placed.collect()
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
        format!("<text x=\"{:.1}\" y=\"{:.1}\">{}</text>", x + 6.0, y + 25.0, xml(&label))
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
                frame("std::thread::start", 1, 0, 16_000_000),
                frame("dns_leaker::leak::Leak::lookup_failed", 2, 4_000_000, 12_000_000),
                frame("<alloc::vec::Vec<T> as Clone>::clone", 3, 4_000_000, 12_000_000),
                frame("dns_leaker::tiny", 2, 0, 10),
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
        assert!(!drawn.contains("thread") && !drawn.contains("Vec"), "nobody can change these");
        assert!(
            drawn.contains("y=\"100.0\"") && !drawn.contains("y=\"136.0\""),
            "it stands right below all"
        );
    }
}
