//! Where everything goes: the one place that knows pixels from seconds and values.

use super::acts::Acts;
use super::axis::Axis;
use super::labels;
use super::lines::Group;
use super::signs::{self, Sign};
use super::text::width;
use crate::report::{Chart, Report, Unit, units};

/// How large a chart is, in pixels.
#[derive(Clone, Copy)]
pub(super) struct Size {
    /// Its width.
    pub(super) width: f64,
    /// Its height.
    pub(super) height: f64,
}

/// A chart that has the page to itself.
pub(super) const WIDE: Size = Size { width: 1280.0, height: 640.0 };
/// The chart beside the verdict: everything in it is larger, since it gets less of the page.
pub(super) const HERO: Size = Size { width: 960.0, height: 690.0 };

/// The blank border.
pub(super) const MARGIN: f64 = 24.0;
/// Where the names of the acts, or the acts themselves, begin: under the title.
const HEAD: f64 = 72.0;
/// How high a row of signs is.
pub(super) const ROW: f64 = 36.0;
/// The room under the plot for the time axis.
const FOOT: f64 = 56.0;

/// The layout of one chart.
pub(super) struct Frame {
    /// How large it is.
    pub(super) size: Size,
    /// The acts, with their names.
    pub(super) acts: Acts,
    /// The left edge of the plot.
    pub(super) left: f64,
    /// The right edge of the plot.
    pub(super) right: f64,
    /// The upper edge of the plot.
    pub(super) top: f64,
    /// The lower edge of the plot.
    pub(super) bottom: f64,
    /// Seconds since the start.
    pub(super) time: Axis,
    /// Values in the chart's unit.
    pub(super) value: Axis,
    /// Faults and alerts, each in its row above the plot.
    pub(super) signs: Vec<Sign>,
}

impl Frame {
    /// Makes room for the labels on both sides first, then for the signs above.
    pub(super) fn new(report: &Report, chart: &Chart, groups: &[Group<'_>], size: Size) -> Self {
        let time = Axis::time(report.seconds);
        let value = value_axis(chart, groups, &time);
        let marks =
            value.marks().map(|mark| width(&units::mark(chart.unit, mark, value.step, value.high)));
        let mut frame = Self {
            size,
            acts: Acts::default(),
            left: MARGIN + marks.fold(40.0, f64::max) + 12.0,
            right: size.width - MARGIN - labels::room(groups),
            top: 0.0,
            bottom: size.height - FOOT,
            time,
            value,
            signs: Vec::new(),
        };
        frame.acts = Acts::place(&frame, &report.acts, HEAD);
        frame.signs = signs::place(&frame, report);
        let rows = frame.signs.iter().filter_map(|sign| sign.row).max().map_or(0, |row| row + 1);
        frame.top = frame.acts.bottom() + 8.0 + rows as f64 * ROW + 6.0;
        frame
    }

    /// The pixel of a time; times beyond the ends land on the ends.
    pub(super) fn x(&self, seconds: f64) -> f64 {
        self.left + (self.right - self.left) * self.time.share(seconds)
    }

    /// The pixel of a value.
    pub(super) fn y(&self, value: f64) -> f64 {
        self.bottom - (self.bottom - self.top) * self.value.share(value)
    }

    /// Whether a time belongs to the tale.
    pub(super) fn shows(&self, seconds: f64) -> bool {
        (self.time.low..=self.time.high).contains(&seconds)
    }
}

/// All values that can be seen, and the threshold, in steps that make sense for the unit.
fn value_axis(chart: &Chart, groups: &[Group<'_>], time: &Axis) -> Axis {
    let finest = match chart.unit {
        Unit::Bytes | Unit::Count => 1.0,
        Unit::Seconds | Unit::PerSecond | Unit::Ratio => 0.0,
    };
    let points = groups.iter().flat_map(|group| group.lines.iter().flatten());
    let seen = points.filter(|point| (time.low..=time.high).contains(&point.0));
    let limits = chart.threshold.iter().map(|limit| limit.value);
    let values: Vec<f64> = seen.map(|point| point.1).chain(limits).collect();
    let mut axis = Axis::values(values.iter().copied(), finest);
    // No room above 100 % unless something is there.
    if chart.unit == Unit::Ratio && axis.low < 1.0 && !values.iter().any(|value| *value > 1.0) {
        axis.high = axis.high.min(1.0);
    }
    axis
}
