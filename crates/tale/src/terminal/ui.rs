//! What a play prints: one line per promise, with a live line below it on a terminal.
//!
//! Everything goes to standard error, so that standard output stays free for `--json`. On a
//! terminal the live line is cut to its width and lines that stay are wrapped; colours only there,
//! and never without a sign or a word that says the same. A pipe gets whole lines.

use std::io::{IsTerminal, Write, stderr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use slo::Clock;

use super::keys::any_key;
use super::width::{columns, cut, harmless, wide, without_colours, wrap};
use crate::report::Outcome;

/// Where lines go, and how.
pub struct Ui {
    live: bool,
    colours: bool,
    screen: Mutex<Screen>,
}

/// What is on the screen.
#[derive(Default)]
struct Screen {
    /// Columns of the live line, if there is one.
    live: usize,
    /// Columns for the text of a promise, before the seconds.
    text: usize,
}

/// The least and the most columns for the text of a promise.
const TEXT: (usize, usize) = (24, 48);
/// How often what is live is shown anew.
const REFRESH: Duration = Duration::from_millis(200);

/// What a line has to say beyond its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Plain,
    /// Somebody was woken: an alert is firing, and that was promised.
    Alarm,
    /// Something is broken on purpose from here on.
    Fault,
}

impl Ui {
    /// Standard error, as it is.
    pub fn new() -> Self {
        let live =
            stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let colours = live && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let screen = Screen { live: 0, text: TEXT.0 };
        Self { live, colours, screen: Mutex::new(screen) }
    }

    /// Makes room for these texts of promises, so that the seconds stand below each other.
    pub fn make_room<'t>(&self, texts: impl Iterator<Item = &'t str>) {
        let longest = texts.map(wide).max().unwrap_or(0);
        self.screen().text = longest.clamp(TEXT.0, TEXT.1);
    }

    /// The first line.
    pub fn title(&self, title: &str, teller: &str, clock: Clock) {
        let clock = match clock {
            Clock::Stage => "stage clock: a minute is a second",
            Clock::Real => "real clock",
        };
        let about = format!("{}'s tale, {clock}", harmless(teller));
        self.line("");
        self.line(&format!("{}  {about}", self.bold(&harmless(title))));
    }

    /// An act begins.
    pub fn act(&self, name: &str) {
        self.line("");
        self.line(&self.bold(&harmless(name)));
    }

    /// Something was done that the story needs.
    pub fn done(&self, what: &str, took: Duration, note: &str, tone: Tone) {
        match tone {
            Tone::Fault => {
                let sign = self.paint(FAULT, "↯");
                self.row(&sign, &harmless(what), took, &harmless(note), Some(FAULT));
            }
            Tone::Plain | Tone::Alarm => {
                self.row("·", &harmless(what), took, &harmless(note), None);
            }
        }
    }

    /// Why nothing happens for a while, for a room that waits.
    pub fn meanwhile(&self, why: &str) {
        self.line(&format!("      {}", self.paint("3", &format!("meanwhile: {}", harmless(why)))));
    }

    /// Waits, and shows that it does.
    pub async fn hold(&self, time: Duration) {
        let since = Instant::now();
        while since.elapsed() < time {
            let left = (time - since.elapsed()).as_secs_f64();
            self.show(&format!("  … watching, {left:.0} s to go"));
            tokio::time::sleep(REFRESH.min(time.saturating_sub(since.elapsed()))).await;
        }
        self.done("watched", since.elapsed(), "", Tone::Plain);
    }

    /// Waits for any key, and shows that it does.
    ///
    /// # Errors
    /// The terminal has gone away.
    pub async fn wait_for_key(&self, what: &str) -> Result<()> {
        let key = any_key();
        tokio::pin!(key);
        let prompt = format!("  {} {}", self.bold("▸"), self.bold(&harmless(what)));
        loop {
            // Shown again and again, because the window may be resized.
            self.show(&prompt);
            tokio::select! {
                pressed = &mut key => {
                    self.clear();
                    return pressed;
                }
                () = tokio::time::sleep(REFRESH) => {}
            }
        }
    }

    /// A promise is being waited for.
    pub fn promise<'u>(&'u self, text: &str, within: Duration, since: Instant) -> Live<'u> {
        let live = Live { ui: self, text: harmless(text), within, since };
        live.seen("");
        live
    }

    /// A line of its own, wrapped on a terminal.
    pub fn line(&self, text: &str) {
        let width = self.width();
        let lines = match width {
            Some(width) if wide(&without_colours(text)) > width => {
                let plain = without_colours(text);
                let indent = plain.len() - plain.trim_start().len();
                let room = width.saturating_sub(indent).max(1);
                let lines = wrap(&plain, room).into_iter();
                lines.map(|line| " ".repeat(indent) + &line).collect::<Vec<_>>().join("\n")
            }
            _ => text.to_owned(),
        };
        self.write(&format!("{lines}\n"), 0);
    }

    /// A line that is to be copied or opened with a click: broken by the terminal alone, if at all.
    pub fn whole(&self, text: &str) {
        self.write(&format!("{text}\n"), 0);
    }

    /// A line with a sign, a text, seconds, and what was seen. What does not fit goes below.
    fn row(&self, sign: &str, text: &str, took: Duration, tail: &str, colour: Option<&str>) {
        let room = self.screen().text;
        let width = self.width().unwrap_or(usize::MAX);
        let mut texts = if self.live { wrap(text, room) } else { vec![text.to_owned()] };
        let first = texts.remove(0);
        let pad = " ".repeat(room.saturating_sub(wide(&first)));
        let first = colour.map_or_else(|| first.clone(), |colour| self.paint(colour, &first));
        let head = format!("  {sign} {first}{pad} {:>5.1} s", took.as_secs_f64());
        let fits = 2 + 2 + room + 8 + 2 + wide(&without_colours(tail)) <= width;
        let mut lines = Vec::new();
        if tail.is_empty() {
            lines.push(head);
        } else if fits || !self.live {
            lines.push(format!("{head}  {tail}"));
        } else {
            lines.push(head);
        }
        lines.extend(texts.iter().map(|more| format!("    {more}")));
        if !tail.is_empty() && !fits && self.live {
            // Wrapped without its colours, and painted line by line.
            let plain = without_colours(tail);
            let painted = plain != tail;
            let lines_of_tail = wrap(&plain, width.saturating_sub(6).max(1)).into_iter();
            lines.extend(lines_of_tail.map(|line| {
                let line = if painted { self.paint(FIRING, &line) } else { line };
                format!("      {line}")
            }));
        }
        self.write(&(lines.join("\n") + "\n"), 0);
    }

    /// Replaces the live line. Nothing on anything but a terminal.
    fn show(&self, text: &str) {
        if let Some(width) = self.width() {
            // The last column stays free: some terminals go to the next line behind it.
            let line = cut(text, width - 1);
            self.write(&line, wide(&without_colours(&line)));
        }
    }

    /// Takes the live line away.
    fn clear(&self) {
        self.write("", 0);
    }

    /// Writes in place of the live line; `live` columns of it are one again.
    fn write(&self, text: &str, live: usize) {
        let mut screen = self.screen();
        let mut out = String::new();
        if self.live && screen.live > 0 {
            // A window that got narrower has broken the line into several.
            let rows = screen.live.saturating_sub(1) / self.width().unwrap_or(usize::MAX);
            out.push('\r');
            if rows > 0 {
                out.push_str(&format!("\x1b[{rows}A"));
            }
            out.push_str("\x1b[J");
        }
        out.push_str(text);
        screen.live = live;
        let mut err = stderr();
        // A reader that hung up does not end a play: its report is still to be written.
        let _ = err.write_all(out.as_bytes());
        let _ = err.flush();
    }

    /// Columns of the terminal; none if there is none to show live lines on.
    fn width(&self) -> Option<usize> {
        if self.live { columns(&stderr()) } else { None }
    }

    fn screen(&self) -> MutexGuard<'_, Screen> {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Text in bold.
    pub fn bold(&self, text: &str) -> String {
        self.paint("1", text)
    }

    /// Text in green.
    pub fn green(&self, text: &str) -> String {
        self.paint("32;1", text)
    }

    /// Text in red.
    pub fn red(&self, text: &str) -> String {
        self.paint(FIRING, text)
    }

    /// Text in yellow.
    pub fn yellow(&self, text: &str) -> String {
        self.paint(FAULT, text)
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colours { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Amber, for what is broken on purpose and what cannot be judged.
const FAULT: &str = "33;1";
/// Red, for what is firing and what is broken for real.
const FIRING: &str = "31;1";

impl Default for Ui {
    fn default() -> Self {
        Self::new()
    }
}

/// The live line of one promise.
pub struct Live<'u> {
    ui: &'u Ui,
    text: String,
    within: Duration,
    since: Instant,
}

impl Live<'_> {
    /// Shows what was seen last.
    pub fn seen(&self, observed: &str) {
        let room = self.ui.screen().text;
        let text = cut(&self.text, room);
        let pad = " ".repeat(room.saturating_sub(wide(&text)));
        let (took, within) = (self.since.elapsed().as_secs_f64(), self.within.as_secs_f64());
        let observed = harmless(observed);
        self.ui.show(&format!("  … {text}{pad} {took:>5.1} of {within:.0} s  {observed}"));
    }

    /// Why nothing happens for a while.
    pub fn meanwhile(&self, why: &str) {
        self.ui.meanwhile(why);
    }

    /// The promise's line, for good.
    pub fn end(&self, outcome: Outcome, observed: &str, tone: Tone) {
        let took = self.since.elapsed();
        let observed = harmless(observed);
        let (sign, tail) = match (outcome, tone) {
            (Outcome::Kept, Tone::Alarm) => {
                (self.ui.green("✓"), self.ui.red(&format!("▲ {observed}")))
            }
            (Outcome::Kept, _) => (self.ui.green("✓"), observed),
            (Outcome::Broken, _) => (self.ui.red("✗"), observed),
            (Outcome::Undecided | Outcome::NotReached, _) => (self.ui.yellow("?"), observed),
        };
        self.ui.row(&sign, &self.text, took, &tail, None);
    }
}
