//! The acts as a band above the plot, each with its whole name: inside the band where all of them
//! fit, or else as a number, with a list of the names above.

use super::axis::drawable;
use super::frame::{Frame, MARGIN};
use super::scenery::vertical;
use super::text::{bold_width, text, width};
use crate::report::Act;
use crate::report::escape::xml;

/// From one line of names to the next.
const LINE: f64 = 26.0;
/// The height of a band with one line in it.
const BAND: f64 = 40.0;
/// More lines than this are not put into a band.
const LINES: usize = 2;
/// From a name in the list to the next.
const GAP: f64 = 26.0;

/// Where the band is, and what stands in and above it.
#[derive(Default)]
pub(super) struct Acts {
    /// The upper edge of the band.
    pub(super) top: f64,
    /// The height of the band.
    height: f64,
    bands: Vec<Band>,
    /// Lines of the list above, each name with where it begins.
    list: Vec<Vec<(f64, String)>>,
    /// Where the list begins.
    head: f64,
}

struct Band {
    from: f64,
    to: f64,
    name: String,
    lines: Vec<String>,
}

impl Acts {
    /// Puts the acts under `head`.
    pub(super) fn place(frame: &Frame, acts: &[Act], head: f64) -> Self {
        let acts = acts.iter().filter(|act| drawable(act.from_s) && drawable(act.to_s));
        let band = |act: &Act| {
            let (from, to) = (frame.x(act.from_s), frame.x(act.to_s).max(frame.x(act.from_s)));
            let lines = wrapped(&act.name, to - from - 12.0, bold_width);
            Band { from, to, name: act.name.clone(), lines }
        };
        let mut bands: Vec<Band> = acts.map(band).collect();
        let fit = |band: &Band| {
            let room = band.to - band.from - 12.0;
            band.lines.len() <= LINES && band.lines.iter().all(|line| bold_width(line) <= room)
        };
        let mut list = Vec::new();
        if !bands.iter().all(fit) {
            list = listed(&bands, frame.size.width - 2.0 * MARGIN);
            for (index, band) in bands.iter_mut().enumerate() {
                let number = (index + 1).to_string();
                let fits = bold_width(&number) <= band.to - band.from;
                band.lines = if fits { vec![number] } else { Vec::new() };
            }
        }
        let lines = bands.iter().map(|band| band.lines.len()).max().unwrap_or(1).max(1);
        let top = head + list.len() as f64 * LINE + if list.is_empty() { 0.0 } else { 6.0 };
        Self { top, height: BAND + (lines - 1) as f64 * LINE, bands, list, head }
    }

    /// The lower edge of the band.
    pub(super) fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// The band, its names, and a dotted line down the plot where an act ends and the next begins.
    pub(super) fn draw(&self, frame: &Frame) -> String {
        let list = self.list.iter().enumerate().flat_map(|(row, names)| {
            let foot = self.head + 20.0 + row as f64 * LINE;
            names.iter().map(move |(x, name)| text(*x, foot, "", name))
        });
        let bands =
            self.bands.iter().enumerate().map(|(index, band)| self.band(frame, index, band));
        list.chain(bands).collect()
    }

    fn band(&self, frame: &Frame, index: usize, band: &Band) -> String {
        let rect = format!(
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" class=\"act-{}\"><title>{}</title></rect>\n",
            band.from,
            self.top,
            band.to - band.from,
            self.height,
            index % 2,
            xml(&band.name)
        );
        let above = (self.height - BAND - (band.lines.len().max(1) - 1) as f64 * LINE) / 2.0;
        let middle = (band.from + band.to) / 2.0;
        let lines = band.lines.iter().enumerate().map(|(row, line)| {
            text(middle, self.top + above + 28.0 + row as f64 * LINE, "strong middle", line)
        });
        let cut = match index {
            0 => String::new(),
            _ => vertical(band.from, frame.top, frame.bottom, "cut"),
        };
        rect + &lines.collect::<String>() + &cut
    }
}

/// The names with their numbers, in lines of this width.
fn listed(bands: &[Band], room: f64) -> Vec<Vec<(f64, String)>> {
    let mut lines: Vec<Vec<(f64, String)>> = vec![Vec::new()];
    let mut x = 0.0;
    for (index, band) in bands.iter().enumerate() {
        let name = format!("{} {}", index + 1, band.name);
        let line = lines.last_mut().expect("there is one from the start");
        if x + width(&name) > room && !line.is_empty() {
            lines.push(Vec::new());
            x = 0.0;
        }
        let wide = width(&name);
        if let Some(line) = lines.last_mut() {
            line.push((MARGIN + x, name));
        }
        x += wide + GAP;
    }
    lines
}

/// A text in lines of this width, as far as its words allow.
fn wrapped(text: &str, room: f64, wide: impl Fn(&str) -> f64) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is one from the start");
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if line.is_empty() || wide(&longer) <= room {
            *line = longer;
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}
