//! What came out of fuzzing: for programs, and for people.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use super::exchange::Outcome;

/// The version of the JSON form. Fields may be added; anything else makes a new version.
const SCHEMA: &str = "tales/load/fuzz/v1";

/// What came out of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// [`SCHEMA`].
    pub(crate) schema: &'static str,
    /// What was called.
    pub(crate) url: String,
    /// Repeats the requests.
    pub(crate) seed: u64,
    pub(crate) seconds: f64,
    /// It was ended by a signal.
    pub(crate) interrupted: bool,
    /// Requests sent; those sent to shrink a failure do not count.
    pub(crate) sent: u64,
    /// Those of them that are sound HTTP, whatever they ask for.
    pub(crate) sound: u64,
    /// Answers, by status.
    pub(crate) statuses: BTreeMap<u16, u64>,
    /// Connections that the server closed without an answer; where none was due, that is its right.
    pub(crate) unanswered: u64,
    /// Different failures, each once.
    pub(crate) failures: Vec<Failure>,
    /// Failures like one of those.
    pub(crate) more_like_them: u64,
}

/// A failure.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Failure {
    /// In words.
    pub(crate) what: String,
    /// `--seed` and this number repeat it.
    pub(crate) case: u64,
    /// Of so many attempts with the smallest request, it failed in `failed`.
    pub(crate) tried: u32,
    pub(crate) failed: u32,
    /// How long the request was, and is.
    pub(crate) bytes_before: usize,
    pub(crate) bytes: usize,
    /// The smallest request, to be pasted into a shell.
    pub(crate) command: String,
}

impl Report {
    pub(crate) fn new(url: String, seed: u64) -> Self {
        Self {
            schema: SCHEMA,
            url,
            seed,
            seconds: 0.0,
            interrupted: false,
            sent: 0,
            sound: 0,
            statuses: BTreeMap::new(),
            unanswered: 0,
            failures: Vec::new(),
            more_like_them: 0,
        }
    }

    pub(crate) fn count(&mut self, is_sound: bool, outcome: Outcome) {
        self.sent += 1;
        self.sound += u64::from(is_sound);
        match outcome {
            Outcome::Answer(status) => *self.statuses.entry(status).or_default() += 1,
            Outcome::Busy => *self.statuses.entry(503).or_default() += 1,
            Outcome::Silence => self.unanswered += 1,
            Outcome::Hang | Outcome::Garbage | Outcome::Gone => {}
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, seed, seconds, sent, sound, unanswered, .. } = self;
        writeln!(f, "{url}  fuzz, {seconds:.1} s, seed {seed}\n")?;
        let rate = *sent as f64 / seconds.max(0.001);
        writeln!(f, "sent       {sent:>10}   {rate:.0}/s, {sound} of them sound HTTP")?;
        let statuses: Vec<String> =
            self.statuses.iter().map(|(status, count)| format!("{status}: {count}")).collect();
        writeln!(f, "answers    {}", statuses.join(", "))?;
        writeln!(f, "hung up    {unanswered:>10}   without an answer")?;
        let (failures, more) = (self.failures.len(), self.more_like_them);
        let more = if more > 0 { format!("   and {more} more like them") } else { String::new() };
        writeln!(f, "failures   {failures:>10}{more}")?;
        for (index, failure) in self.failures.iter().enumerate() {
            let Failure { what, case, tried, failed, bytes_before, bytes, command } = failure;
            writeln!(
                f,
                "\n{}. {what}\n   case {case}, {failed} of {tried} times; {bytes_before} bytes, shrunk to {bytes}\n   {command}",
                index + 1
            )?;
        }
        if self.interrupted {
            writeln!(f, "\ninterrupted: this is a part of the run")?;
        }
        Ok(())
    }
}
