//! Names of lines: where the line ends if there are few, in a list beside the plot if there are
//! many.

use super::crowd::{Area, crowd};
use super::frame::Frame;
use super::lines::Group;
use super::text::{SIZE, bold_width, fit, text};

/// The most labels put at the ends of lines.
const DIRECT: usize = 4;
/// From one label to the next, in pixels.
const SPACING: f64 = 30.0;
/// The widest a label may get, in pixels.
const WIDEST: f64 = 300.0;
/// From a line's end, or from a swatch's start, to its label.
const INDENT: f64 = 16.0;
const SWATCH: f64 = 44.0;
/// A line that ends in this last part of the plot has its label beside it: not every line has the
/// last scrape.
const MARGIN: f64 = 0.05;

/// How much room the labels need right of the plot.
pub(super) fn room(groups: &[Group<'_>]) -> f64 {
    let widest = groups.iter().map(|group| bold_width(group.label)).fold(0.0, f64::max);
    let indent = if groups.len() > DIRECT { INDENT + SWATCH } else { INDENT };
    widest.min(WIDEST) + indent
}

/// The names of all lines.
pub(super) fn labels(frame: &Frame, groups: &[Group<'_>]) -> String {
    match groups.len() {
        0 => String::new(),
        1..=DIRECT => direct(frame, groups),
        _ => list(frame, groups),
    }
}

/// Each label right of where its line ends, moved up or down until none touches another.
///
/// A line that ends in the midst of the plot may be named above or below its end instead, if less
/// is in the way there.
fn direct(frame: &Frame, groups: &[Group<'_>]) -> String {
    let mut ends: Vec<_> =
        groups.iter().filter_map(|group| Some((group, group.end(frame)?))).collect();
    ends.sort_by(|one, other| other.1.1.total_cmp(&one.1.1));
    let wanted: Vec<f64> = ends.iter().map(|(_, end)| frame.y(end.1)).collect();
    let (low, high) = (frame.top + SIZE / 2.0, frame.bottom - SIZE / 2.0);
    let middles = nudge(&wanted, SPACING, low, high);
    let mut taken: Vec<Area> = Vec::new();
    let mut out = String::new();
    for ((group, end), middle) in ends.into_iter().zip(middles) {
        let (x, foot) = (frame.x(end.0), middle + SIZE * 0.35);
        let label = fit(group.label, WIDEST.min(frame.size.width - x));
        let width = bold_width(&label);
        let left = x - width / 2.0;
        let places =
            [(x + INDENT, foot), (left, foot - SPACING * 1.5), (left, foot + SPACING * 1.5)];
        let effort = |place: &(f64, f64)| {
            let area = Area::of_text(place.0, width, place.1);
            let fits = place.0 >= frame.left
                && area.inside(frame)
                && !taken.iter().any(|other| other.touches(&area));
            (!fits, crowd(frame, groups, &area))
        };
        let in_the_margin = frame.right - x < MARGIN * (frame.right - frame.left);
        let place = places.into_iter().take(if in_the_margin { 1 } else { places.len() });
        let (x, foot) = place.min_by_key(effort).unwrap_or(places[0]);
        taken.push(Area::of_text(x, width, foot));
        out += &text(x, foot, &format!("strong halo {}", group.fill()), &label);
    }
    out
}

/// Positions near the `wanted` (rising) ones, at least `spacing` apart, within `low..=high` if they
/// fit at all.
fn nudge(wanted: &[f64], spacing: f64, low: f64, high: f64) -> Vec<f64> {
    let mut at: Vec<f64> = Vec::with_capacity(wanted.len());
    for want in wanted {
        let free = at.last().map_or(low, |before| before + spacing);
        at.push(want.max(free));
    }
    let mut ceiling = high;
    for place in at.iter_mut().rev() {
        *place = place.min(ceiling);
        ceiling = *place - spacing;
    }
    at
}

/// A list beside the plot; what does not fit is counted.
fn list(frame: &Frame, groups: &[Group<'_>]) -> String {
    let x = frame.right + INDENT;
    let fits = ((frame.bottom - frame.top) / SPACING) as usize;
    let shown = if groups.len() <= fits { groups.len() } else { fits.saturating_sub(1) };
    let row = |index: usize| frame.top + SIZE + index as f64 * SPACING;
    let named = groups.iter().take(shown).enumerate().map(|(index, group)| {
        let y = row(index);
        let swatch = format!(
            "<path d=\"M{x:.1},{:.1}h30\" class=\"line {}\"/>\n",
            y - SIZE * 0.35,
            group.stroke()
        );
        swatch + &text(x + SWATCH, y, "", &fit(group.label, frame.size.width - x - SWATCH))
    });
    let rest = match groups.len() - shown {
        0 => String::new(),
        rest => text(x + SWATCH, row(shown), "axis", &format!("+ {rest} more")),
    };
    named.collect::<String>() + &rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels_that_have_room_stay_where_their_lines_end() {
        assert_eq!(nudge(&[50.0, 100.0], 30.0, 0.0, 300.0), [50.0, 100.0]);
    }

    #[test]
    fn labels_at_the_lower_edge_move_up() {
        assert_eq!(nudge(&[295.0, 299.0], 30.0, 0.0, 300.0), [270.0, 300.0]);
    }

    proptest! {
        #[test]
        fn no_label_touches_another_or_leaves_the_plot(mut wanted in prop::collection::vec(0.0..300.0, 0..=DIRECT)) {
            wanted.sort_by(f64::total_cmp);
            let at = nudge(&wanted, 30.0, 0.0, 300.0);
            prop_assert!(at.windows(2).all(|pair| pair[1] - pair[0] >= 30.0 - 1e-9), "{at:?}");
            prop_assert!(at.iter().all(|place| (-1e-9..=300.0).contains(place)), "{at:?}");
        }
    }
}
