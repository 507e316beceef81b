//! The lines themselves.

use super::axis::drawable;
use super::frame::Frame;
use super::text::text;
use super::thin::thin;
use crate::report::{Series, Unit, units};

/// How many colours `chart.css` has, and how many kinds of dashes: no two of the first 25 lines
/// have both in common.
const COLOURS: usize = 5;
/// With more lines than this, all are thin.
const FEW: usize = 6;

/// The series of one label: one colour, one name.
pub(super) struct Group<'a> {
    /// The common label.
    pub(super) label: &'a str,
    /// The place in the palette.
    index: usize,
    /// The points to draw, thinned; NaN breaks a line.
    pub(super) lines: Vec<Vec<(f64, f64)>>,
}

/// The series by label, in order of first appearance.
pub(super) fn groups(series: &[Series]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for one in series {
        let line = thin(&one.points);
        match groups.iter_mut().find(|group| group.label == one.label) {
            Some(group) => group.lines.push(line),
            None => {
                groups.push(Group { label: &one.label, index: groups.len(), lines: vec![line] })
            }
        }
    }
    groups
}

impl Group<'_> {
    /// The classes of a stroke: colour, dashes, and how wide it is. The first is whole and widest,
    /// and drawn first: where another lies on it, it shows between the dashes and at the sides.
    pub(super) fn stroke(&self) -> String {
        let dashes = (self.index + self.index / COLOURS) % COLOURS;
        format!("s{} d{dashes} w{}", self.index % COLOURS, self.index.min(COLOURS - 1))
    }

    /// The class that colours an area or text.
    pub(super) fn fill(&self) -> String {
        format!("f{}", self.index % COLOURS)
    }

    /// When the last line ends, and the middle of the values of those that end then.
    pub(super) fn end(&self, frame: &Frame) -> Option<(f64, f64)> {
        let ends: Vec<_> = self.lines.iter().filter_map(|line| last(frame, line)).collect();
        let latest = ends.iter().map(|end| end.0).max_by(f64::total_cmp)?;
        let values: Vec<f64> = ends.iter().filter(|end| end.0 == latest).map(|end| end.1).collect();
        Some((latest, values.iter().sum::<f64>() / values.len() as f64))
    }

    /// "dns-leaker: 9 MB to 14 MB".
    pub(super) fn summary(&self, unit: Unit) -> String {
        let values =
            || self.lines.iter().flatten().map(|point| point.1).filter(|value| drawable(*value));
        let (low, high) = (values().min_by(f64::total_cmp), values().max_by(f64::total_cmp));
        match low.zip(high) {
            Some((low, high)) => format!(
                "{}: {} to {}",
                self.label,
                units::human(unit, low),
                units::human(unit, high)
            ),
            None => format!("{}: no data", self.label),
        }
    }
}

/// All lines, each with a dot where it ends; "no data" if there is none.
pub(super) fn lines(frame: &Frame, groups: &[Group<'_>]) -> String {
    let count: usize = groups.iter().map(|group| group.lines.len()).sum();
    let many = if count > FEW { " many" } else { "" };
    let drawn: String = groups
        .iter()
        .flat_map(|group| group.lines.iter().map(move |line| (group, line)))
        .map(|(group, line)| {
            draw(frame, line, &format!("line{many} {}", group.stroke()), &group.fill())
        })
        .collect();
    match drawn.is_empty() {
        true => text(
            (frame.left + frame.right) / 2.0,
            (frame.top + frame.bottom) / 2.0,
            "title middle axis",
            "no data",
        ),
        false => drawn,
    }
}

fn draw(frame: &Frame, line: &[(f64, f64)], stroke: &str, fill: &str) -> String {
    let Some(end) = last(frame, line) else {
        return String::new();
    };
    let dot = format!(
        "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"6\" class=\"{fill}\"/>\n",
        frame.x(end.0),
        frame.y(end.1)
    );
    format!("<path d=\"{}\" class=\"{stroke}\"/>\n{dot}", path(frame, line))
}

/// One sub-path per unbroken run. A run of one point gets no length and, thanks to the round cap,
/// becomes a dot.
fn path(frame: &Frame, line: &[(f64, f64)]) -> String {
    let mut runs: Vec<String> = Vec::new();
    for run in line.split(|point| !frame.shows(point.0) || !drawable(point.1)) {
        let points =
            run.iter().map(|point| format!("{:.1},{:.1}", frame.x(point.0), frame.y(point.1)));
        let points: Vec<String> = points.collect();
        match points.as_slice() {
            [] => {}
            [only] => runs.push(format!("M{only}h0")),
            more => runs.push(format!("M{}", more.join(" "))),
        }
    }
    runs.join(" ")
}

/// The last point that can be seen.
fn last(frame: &Frame, line: &[(f64, f64)]) -> Option<(f64, f64)> {
    let seen = |point: &&(f64, f64)| frame.shows(point.0) && drawable(point.1);
    line.iter().rev().find(seen).copied()
}
