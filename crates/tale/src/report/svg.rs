//! Charts for the back of a room: one metric, the acts above it, and what was done to it.
//!
//! Hand-made SVG without scripts, fonts or links. Everything is laid out in one [`Frame`]: title,
//! acts, signs for faults and alerts, and under them the plot. Colours are in `chart.css`, for
//! light and dark rooms.

mod acts;
mod axis;
mod crowd;
mod frame;
mod labels;
mod lines;
mod scenery;
mod signs;
mod text;
mod thin;

use super::escape::xml;
use super::{Chart, Report};
use frame::{Frame, Size};
use lines::Group;

/// One chart of the report as an SVG document.
///
/// It carries no ids, so that several can stand in one page.
pub fn svg(report: &Report, chart: &Chart) -> String {
    draw(report, chart, frame::WIDE)
}

/// The same for a place beside something else.
pub(super) fn hero(report: &Report, chart: &Chart) -> String {
    draw(report, chart, frame::HERO)
}

fn draw(report: &Report, chart: &Chart, size: Size) -> String {
    let groups = lines::groups(&chart.series);
    let frame = Frame::new(report, chart, &groups, size);
    let Size { width, height } = size;
    let parts = [
        format!(
            "<title>{}</title>\n<desc>{}</desc>\n",
            xml(&chart.title),
            xml(&description(chart, &groups))
        ),
        format!("<style>\n{}</style>\n", include_str!("svg/chart.css")),
        format!("<rect width=\"{width}\" height=\"{height}\" rx=\"12\" class=\"paper\"/>\n"),
        scenery::title(&frame, &chart.title),
        frame.acts.draw(&frame),
        scenery::faults(&frame, &report.faults),
        scenery::grid(&frame, chart.unit),
        lines::lines(&frame, &groups),
        scenery::threshold(&frame, chart.unit, chart.threshold.as_ref(), &groups),
        signs::signs(&frame),
        labels::labels(&frame, &groups),
    ];
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" class=\"tale-chart\" role=\"img\" aria-label=\"{}\">\n{}</svg>\n",
        xml(&chart.title),
        parts.concat()
    )
}

/// What a screen reader says after the title.
fn description(chart: &Chart, groups: &[Group<'_>]) -> String {
    let lines: Vec<String> = groups.iter().map(|group| group.summary(chart.unit)).collect();
    format!("{}. Query: {}", lines.join("; "), chart.query)
}
