//! What stands around the lines: title, grid, fault windows and the threshold.

use super::axis::drawable;
use super::crowd::{Area, crowd};
use super::frame::{Frame, MARGIN};
use super::lines::Group;
use super::text::{fit_prose, text, width};
use crate::report::escape::xml;
use crate::report::{Fault, Threshold, Unit, units};

pub(super) fn title(frame: &Frame, title: &str) -> String {
    let room = frame.size.width - 2.0 * MARGIN;
    // The title is set in bold half as large again, if that fits.
    let (class, factor) =
        if width(title) * 1.65 <= room { ("title", 1.65) } else { ("title less", 1.3) };
    text(MARGIN, 46.0, class, &fit_prose(title, room / factor))
}

/// The time during which something was broken, shaded.
pub(super) fn faults(frame: &Frame, faults: &[Fault]) -> String {
    let shade = |fault: &Fault| {
        let end = fault.to_s.unwrap_or(frame.time.high);
        if !drawable(fault.from_s) || !drawable(end) {
            return String::new();
        }
        let (from, to) = (frame.x(fault.from_s), frame.x(end));
        format!(
            "<rect x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" class=\"fault\"><title>{}</title></rect>\n",
            frame.acts.bottom(),
            (to - from).max(3.0),
            frame.bottom - frame.acts.bottom(),
            xml(&format!("{} {}", fault.kind, fault.name))
        )
    };
    faults.iter().map(shade).collect()
}

/// Few lines across, marks on both axes.
pub(super) fn grid(frame: &Frame, unit: Unit) -> String {
    let value = &frame.value;
    let across = value.marks().map(|mark| {
        let y = frame.y(mark);
        let name = units::mark(unit, mark, value.step, value.high);
        format!("<path d=\"M{:.1},{y:.1}H{:.1}\" class=\"grid\"/>\n", frame.left, frame.right)
            + &text(frame.left - 12.0, y + 7.5, "axis end", &name)
    });
    let along = frame.time.marks().map(|mark| {
        let x = frame.x(mark);
        let name = format!("{mark} s");
        vertical(x, frame.bottom, frame.bottom + 8.0, "base")
            + &text(x, frame.bottom + 36.0, "axis middle", &name)
    });
    let base = format!(
        "<path d=\"M{:.1},{:.1}H{:.1}\" class=\"base\"/>\n",
        frame.left, frame.bottom, frame.right
    );
    across.chain(along).collect::<String>() + &base
}

/// The limit, named above or below its line where the least is in the way, rather to the left.
pub(super) fn threshold(
    frame: &Frame,
    unit: Unit,
    threshold: Option<&Threshold>,
    groups: &[Group<'_>],
) -> String {
    let Some(limit) = threshold.filter(|limit| drawable(limit.value)) else {
        return String::new();
    };
    let y = frame.y(limit.value);
    let name = format!("{}: {}", limit.label, units::human(unit, limit.value));
    let name = fit_prose(&name, frame.right - frame.left - 24.0);
    let width = width(&name);
    let steps = ((frame.right - frame.left - width - 24.0) / 4.0).max(0.0) as u32;
    let feet = [y - 12.0, y + 28.0].into_iter();
    let places = feet.flat_map(|foot| {
        (0..=steps).map(move |step| (frame.left + 12.0 + f64::from(step) * 4.0, foot))
    });
    let area = |(x, foot): &(f64, f64)| Area::of_text(*x, width, *foot);
    let place = places
        .filter(|place| area(place).inside(frame))
        .min_by_key(|place| crowd(frame, groups, &area(place)));
    let (x, foot) = place.unwrap_or((frame.left + 12.0, y - 12.0));
    format!("<path d=\"M{:.1},{y:.1}H{:.1}\" class=\"limit\"/>\n", frame.left, frame.right)
        + &text(x, foot, "halo", &name)
}

pub(super) fn vertical(x: f64, from: f64, to: f64, class: &str) -> String {
    format!("<path d=\"M{x:.1},{from:.1}V{to:.1}\" class=\"{class}\"/>\n")
}
