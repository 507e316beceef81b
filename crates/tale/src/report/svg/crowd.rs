//! What is in the way of a name inside the plot.

use super::frame::Frame;
use super::lines::Group;

/// A rectangle in pixels.
#[derive(Clone, Copy)]
pub(super) struct Area {
    /// The left edge.
    pub(super) left: f64,
    /// The right edge.
    pub(super) right: f64,
    /// The upper edge.
    pub(super) top: f64,
    /// The lower edge.
    pub(super) bottom: f64,
}

/// A line of a sign cuts through a whole name, a point of the data only touches it.
const SIGN: usize = 6;

impl Area {
    /// The area of one line of text, `foot` being its base line.
    pub(super) fn of_text(left: f64, width: f64, foot: f64) -> Self {
        Self { left: left - 8.0, right: left + width + 8.0, top: foot - 26.0, bottom: foot + 10.0 }
    }

    /// Whether two areas share anything.
    pub(super) fn touches(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    /// Whether the area lies within the height of the plot.
    pub(super) fn inside(&self, frame: &Frame) -> bool {
        self.top >= frame.top - 4.0 && self.bottom <= frame.bottom + 4.0
    }
}

/// How much is in the way: points of the data and lines of signs.
pub(super) fn crowd(frame: &Frame, groups: &[Group<'_>], area: &Area) -> usize {
    let points = groups.iter().flat_map(|group| group.lines.iter().flatten());
    let hits = points.filter(|point| {
        (area.left..area.right).contains(&frame.x(point.0))
            && (area.top..area.bottom).contains(&frame.y(point.1))
    });
    let crossed = frame.signs.iter().filter(|sign| (area.left..area.right).contains(&sign.x));
    hits.count() + SIGN * crossed.count()
}
