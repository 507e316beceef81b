//! What a play prints: one line per promise, with a live line below it on a terminal.
//!
//! Everything goes to standard error, so that standard output stays free for `--json`. Colours only
//! on a terminal.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use slo::Clock;

use crate::report::Outcome;

/// Where lines go, and how.
pub struct Ui {
    live: bool,
    colours: bool,
    out: Mutex<std::io::Stderr>,
}

/// Columns for the text of a promise, before the seconds.
const TEXT: usize = 62;

impl Ui {
    /// Standard error, as it is.
    pub fn new() -> Self {
        let out = std::io::stderr();
        let live = out.is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let colours = live && std::env::var_os("NO_COLOR").is_none();
        Self { live, colours, out: out.into() }
    }

    /// The first line.
    pub fn title(&self, title: &str, teller: &str, clock: Clock) {
        let clock = match clock {
            Clock::Stage => "stage clock: a minute is a second",
            Clock::Real => "real clock",
        };
        self.line(&format!(
            "\n{}  {}",
            self.bold(title),
            self.dim(&format!("{teller}'s tale, {clock}"))
        ));
    }

    /// An act begins.
    pub fn act(&self, name: &str) {
        self.line(&format!("\n{}", self.bold(name)));
    }

    /// Something was done that the story needs.
    pub fn done(&self, what: &str, took: Duration, note: &str) {
        self.line(&format!("  {} {} {}", self.dim("·"), self.columns(what, took), self.dim(note)));
    }

    /// Waits, and shows that it does.
    pub async fn hold(&self, time: Duration) {
        let since = Instant::now();
        while since.elapsed() < time {
            self.show(&format!(
                "  {} watching, {:.0} s to go",
                self.dim("…"),
                (time - since.elapsed()).as_secs_f64()
            ));
            tokio::time::sleep(
                Duration::from_millis(200).min(time.saturating_sub(since.elapsed())),
            )
            .await;
        }
        self.clear();
        self.done("watched", since.elapsed(), "");
    }

    /// A promise is being waited for.
    pub fn promise<'u>(&'u self, text: &str, within: Duration, since: Instant) -> Live<'u> {
        let live = Live { ui: self, text: text.to_owned(), within, since };
        live.seen("");
        live
    }

    /// A line of its own.
    pub fn line(&self, text: &str) {
        self.clear();
        self.write(&format!("{text}\n"));
    }

    fn columns(&self, text: &str, took: Duration) -> String {
        let shown: String = text.chars().take(TEXT - 1).collect();
        let text = if text.chars().count() > TEXT - 1 { format!("{}…", &shown) } else { shown };
        format!("{text:<TEXT$} {:>5.1} s ", took.as_secs_f64())
    }

    /// Replaces the live line. Nothing on anything but a terminal.
    fn show(&self, text: &str) {
        if self.live {
            self.write(&format!("\r\x1b[2K{text}"));
        }
    }

    fn clear(&self) {
        if self.live {
            self.write("\r\x1b[2K");
        }
    }

    fn write(&self, text: &str) {
        let mut out = self.out.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // A reader that hung up does not end a play: its report is still to be written.
        let _ = out.write_all(text.as_bytes());
        let _ = out.flush();
    }

    /// Text in bold.
    pub fn bold(&self, text: &str) -> String {
        self.paint("1", text)
    }

    /// Text that is less important.
    pub fn dim(&self, text: &str) -> String {
        self.paint("2", text)
    }

    /// Text in green.
    pub fn green(&self, text: &str) -> String {
        self.paint("32;1", text)
    }

    /// Text in red.
    pub fn red(&self, text: &str) -> String {
        self.paint("31;1", text)
    }

    /// Text in yellow.
    pub fn yellow(&self, text: &str) -> String {
        self.paint("33;1", text)
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colours { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

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
        let text = self.ui.columns(&self.text, self.since.elapsed());
        let of = self.ui.dim(&format!("of {:.0} s  {}", self.within.as_secs_f64(), cut(observed)));
        self.ui.show(&format!("  {} {text}{of}", self.ui.dim("…")));
    }

    /// The promise's line, for good.
    pub fn end(&self, outcome: Outcome, observed: &str) {
        let text = self.ui.columns(&self.text, self.since.elapsed());
        let line = match outcome {
            Outcome::Kept => {
                format!("  {} {text}{}", self.ui.green("✓"), self.ui.dim(&cut(observed)))
            }
            Outcome::Broken => format!("  {} {text}{observed}", self.ui.red("✗")),
            Outcome::Undecided | Outcome::NotReached => {
                format!("  {} {text}{observed}", self.ui.yellow("?"))
            }
        };
        self.ui.line(&line);
    }
}

/// No more than fits beside the promise.
fn cut(text: &str) -> String {
    const MOST: usize = 48;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
