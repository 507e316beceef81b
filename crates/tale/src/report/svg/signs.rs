//! Signs above the plot: what was broken when, and which alert fired or was resolved when.

use super::axis::drawable;
use super::frame::{Frame, ROW};
use super::scenery::vertical;
use super::text::{bold_width, fit, text};
use crate::report::escape::xml;
use crate::report::{Alert, Report, units};

/// More rows than this would leave no room for the plot; further signs keep their line and lose
/// their name.
const ROWS: usize = 4;
/// The room for the picture before the name.
const PICTURE: f64 = 34.0;
/// The blank between two names in one row.
const BLANK: f64 = 14.0;
/// The width of an alert's name if shortened.
const SHORT: f64 = 130.0;
/// Names keep this distance from their own line, so a line this near crosses nothing: alerts may
/// fire at once.
const EDGE: f64 = 5.0;

/// One sign and where it stands.
pub(super) struct Sign {
    /// The row, counted from above; none if there was no room.
    pub(super) row: Option<usize>,
    what: What,
    name: String,
    at_s: f64,
    /// Where its line falls.
    pub(super) x: f64,
    /// The ends of picture and name.
    from: f64,
    to: f64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Fault,
    Firing,
    Resolved,
}

/// All signs of a report in order of time, each in the first row where its name is free and its
/// line crosses no name.
///
/// Where the whole name does not fit, a short one may.
pub(super) fn place(frame: &Frame, report: &Report) -> Vec<Sign> {
    let mut signs: Vec<Sign> = Vec::new();
    for moment in moments(report) {
        if !drawable(moment.at_s) || !frame.shows(moment.at_s) {
            continue;
        }
        let x = frame.x(moment.at_s);
        let names = [&moment.name, &moment.short];
        let sides = names.into_iter().flat_map(|name| {
            let room = PICTURE + bold_width(name) + 4.0;
            [(name, x, x + room), (name, x - room, x)]
        });
        let free = |row: usize, from: f64, to: f64| {
            let inside = from >= frame.left - 1.0 && to <= frame.size.width - 8.0;
            inside && signs.iter().all(|sign| sign.leaves_free(row, (from, to), x))
        };
        let mut places = sides.flat_map(|side| (0..ROWS).map(move |row| (row, side)));
        let place = places.find(|(row, (_, from, to))| free(*row, *from, *to));
        let (row, name, from, to) = match place {
            Some((row, (name, from, to))) => (Some(row), name, from, to),
            None => (None, &moment.name, x, x),
        };
        let name = name.clone();
        let (at_s, what) = (moment.at_s, moment.what);
        signs.push(Sign { row, what, name, at_s, x, from, to });
    }
    signs
}

/// Something to put a sign up for.
struct Moment {
    at_s: f64,
    what: What,
    name: String,
    /// For where the name does not fit.
    short: String,
}

/// What happened when, in order.
fn moments(report: &Report) -> Vec<Moment> {
    let faults = report.faults.iter().map(|fault| Moment {
        at_s: fault.from_s,
        what: What::Fault,
        name: format!("{} {}", fault.kind, fault.name),
        short: fault.kind.clone(),
    });
    let shown: Vec<&Alert> =
        report.alerts.iter().filter(|alert| !is_mere_ticket(alert, report)).collect();
    let state = |name: &str, at_s: Option<f64>, what: What, state: &str| {
        // With a single alert there is no doubt whose state it is.
        let short = match shown.len() {
            1 => state.to_owned(),
            _ => format!("{} {state}", fit(name, SHORT)),
        };
        let name = format!("{name} {state}");
        at_s.map(|at_s| Moment { at_s, what, name, short })
    };
    let alerts = shown.iter().flat_map(|alert| {
        [
            state(&alert.name, alert.firing_s, What::Firing, "firing"),
            state(&alert.name, alert.resolved_s, What::Resolved, "resolved"),
        ]
    });
    let mut all: Vec<_> = faults.chain(alerts.flatten()).collect();
    all.sort_by(|one, other| one.at_s.total_cmp(&other.at_s));
    all
}

/// A ticket says what the page of the same name has said, and later: the table has it, a chart has
/// no room for it.
fn is_mere_ticket(alert: &Alert, report: &Report) -> bool {
    let is_page =
        |other: &Alert| other.name == alert.name && other.severity.as_deref() == Some("page");
    alert.severity.as_deref() == Some("ticket") && report.alerts.iter().any(is_page)
}

impl Sign {
    /// Whether a name over `side` in `row`, whose line falls at `x`, neither touches this name nor
    /// crosses lines with it.
    fn leaves_free(&self, row: usize, side: (f64, f64), x: f64) -> bool {
        let Some(mine) = self.row else {
            return true;
        };
        match row.cmp(&mine) {
            std::cmp::Ordering::Equal => side.1 + BLANK < self.from || self.to + BLANK < side.0,
            std::cmp::Ordering::Greater => !(side.0 + EDGE..=side.1 - EDGE).contains(&self.x),
            std::cmp::Ordering::Less => !(self.from + EDGE..=self.to - EDGE).contains(&x),
        }
    }

    fn draw(&self, frame: &Frame) -> String {
        let (class, picture) = match self.what {
            What::Fault => ("fault", BOLT),
            What::Firing => ("firing", BELL),
            What::Resolved => ("resolved", TICK),
        };
        let row = self.row.unwrap_or(0) as f64;
        let top = frame.acts.bottom() + 8.0 + row * ROW;
        let line = match self.what {
            What::Fault => String::new(), // the shade is its line
            _ => vertical(
                self.x,
                if self.row.is_some() { top } else { frame.top },
                frame.bottom,
                class,
            ),
        };
        let label = match self.row {
            None => String::new(),
            Some(_) => {
                let left = if self.from < self.x { self.from } else { self.x + 6.0 };
                format!(
                    "<path transform=\"translate({left:.1} {:.1})\" d=\"{picture}\" class=\"{class}-mark\"/>\n",
                    top + 4.0
                ) + &text(left + PICTURE - 6.0, top + 24.0, "strong", &self.name)
            }
        };
        let tip = xml(&format!("{} at {}", self.name, units::seconds(self.at_s)));
        format!("<g><title>{tip}</title>\n{line}{label}</g>\n")
    }
}

/// All signs, drawn.
pub(super) fn signs(frame: &Frame) -> String {
    frame.signs.iter().map(|sign| sign.draw(frame)).collect()
}

// Pictures of 24 x 24 pixels: not every machine has a font with bells.
const BELL: &str = "M12 1a2 2 0 0 0-2 2a7 7 0 0 0-5 7v6l-3 4h20l-3-4v-6a7 7 0 0 0-5-7a2 2 0 0 0-2-2zM9 21a3 3 0 0 0 6 0z";
const BOLT: &str = "M14 1L3 14h7l-2 9L20 9h-7z";
const TICK: &str = "M12 1a11 11 0 1 0 0 22a11 11 0 1 0 0-22zM10.4 17.8l-5-5 2-2 3 3 6.6-7 2.1 2z";

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(row: usize, from: f64, to: f64) -> Sign {
        Sign {
            row: Some(row),
            what: What::Firing,
            name: String::new(),
            at_s: 0.0,
            x: from,
            from,
            to,
        }
    }

    #[test]
    fn two_names_share_a_row_only_if_they_do_not_touch() {
        let placed = sign(0, 100.0, 300.0);
        assert!(!placed.leaves_free(0, (290.0, 400.0), 290.0));
        assert!(placed.leaves_free(0, (330.0, 400.0), 330.0));
    }

    #[test]
    fn no_line_crosses_the_name_of_another_sign() {
        let placed = sign(1, 100.0, 300.0);
        assert!(
            !placed.leaves_free(0, (200.0, 400.0), 200.0),
            "its line would fall through the name below"
        );
        assert!(
            !placed.leaves_free(2, (50.0, 150.0), 50.0),
            "its name would lie across the line from above"
        );
        assert!(placed.leaves_free(2, (200.0, 400.0), 200.0));
    }
}
