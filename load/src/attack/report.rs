//! What came out of holding connections: for programs, and for people.

use std::{collections::BTreeMap, fmt, time::Duration};

use serde::Serialize;

use super::counts::{Counts, Failure};
use crate::{duration::rounded, record::Summary};

/// The version of the JSON form. Fields may be added; anything else makes a new version.
const SCHEMA: &str = "tales/load/connections/v1";

/// What came out of it. Times in seconds. `opened = closed + reset + still_open`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// [`SCHEMA`].
    schema: &'static str,
    /// What was called.
    pub(crate) url: String,
    /// `hoard` and so on.
    profile: &'static str,
    /// How many were to be held.
    pub(crate) connections: usize,
    /// How many of them were to be opened per second.
    rate: f64,
    /// Others were opened for those that the server ended.
    reopen: bool,
    /// How long it took.
    seconds: f64,
    /// It was ended by a signal.
    interrupted: bool,
    pub(crate) opened: u64,
    /// Open at the same time, at most.
    most_open: u64,
    /// Attempts without a connection, all reasons.
    pub(crate) failed: u64,
    /// The same by reason; all of them, also those that did not occur.
    reasons: BTreeMap<Failure, u64>,
    /// The first message of each reason, where there is one.
    messages: BTreeMap<Failure, String>,
    /// Ended by the server with a goodbye.
    pub(crate) closed: u64,
    /// Broken off by the server.
    pub(crate) reset: u64,
    /// Open when the clients hung up.
    pub(crate) still_open: u64,
    /// How long the connections lived that the server ended.
    lifetime: Summary,
    /// Answers that were there when a connection ended, by status.
    statuses: BTreeMap<u16, u64>,
    /// Conditions of `--fail-if` that hold, with what was measured.
    pub(crate) broken: Vec<String>,
}

/// What is known besides the counts.
pub(crate) struct Facts {
    pub(crate) url: String,
    pub(crate) profile: &'static str,
    pub(crate) connections: usize,
    pub(crate) rate: f64,
    pub(crate) reopen: bool,
    pub(crate) ran: Duration,
    pub(crate) interrupted: bool,
}

impl Report {
    pub(crate) fn new(facts: Facts, counts: &Counts) -> Self {
        let totals = counts.totals().clone();
        Self {
            schema: SCHEMA,
            url: facts.url,
            profile: facts.profile,
            connections: facts.connections,
            rate: facts.rate,
            reopen: facts.reopen,
            seconds: facts.ran.as_secs_f64(),
            interrupted: facts.interrupted,
            opened: totals.opened,
            most_open: totals.most_open,
            failed: totals.failures(),
            closed: totals.closed,
            reset: totals.reset,
            still_open: totals.left_open,
            lifetime: totals.life.summary(),
            reasons: totals.failed,
            messages: totals.messages,
            statuses: totals.statuses,
            broken: Vec::new(),
        }
    }

    /// There was somebody to connect to, or nobody was looked for.
    pub(crate) fn found_somebody(&self) -> bool {
        self.opened > 0 || self.failed == 0
    }

    /// The first message of the first reason for which there is one.
    pub(crate) fn first_message(&self) -> &str {
        self.messages.values().next().map_or("", String::as_str)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, profile, connections, rate, seconds, .. } = self;
        let reopen = if self.reopen { ", and again for each that ends" } else { "" };
        writeln!(
            f,
            "{url}  {profile}, {connections} connections, {rate} per second{reopen}, {seconds:.1} s\n"
        )?;
        writeln!(f, "opened     {:>10}   at most {} at a time", self.opened, self.most_open)?;
        writeln!(f, "failed     {:>10}", self.failed)?;
        for (reason, count) in self.reasons.iter().filter(|(_, count)| **count > 0) {
            let message = self.messages.get(reason).map_or("", String::as_str);
            writeln!(f, "  {:<10} {count:>8}   {message}", reason.name())?;
        }
        let ended = self.closed + self.reset;
        let resets = match self.reset {
            0 => String::new(),
            resets => format!(", {resets} of them by a reset"),
        };
        writeln!(f, "closed     {ended:>10}   by the server{resets}")?;
        writeln!(f, "still open {:>10}   when the clients hung up", self.still_open)?;
        let statuses: Vec<String> =
            self.statuses.iter().map(|(status, count)| format!("{status}: {count}")).collect();
        let statuses = if statuses.is_empty() { "none".to_owned() } else { statuses.join(", ") };
        writeln!(f, "answers    {statuses}")?;
        if ended > 0 {
            let at = |seconds: f64| rounded(Duration::from_secs_f64(seconds));
            let Summary { p50, p99, max, .. } = self.lifetime;
            let [p50, p99, max] = [p50, p99, max].map(at);
            writeln!(f, "\nclosed after  p50 {p50}, p99 {p99}, max {max}")?;
        }
        if self.interrupted {
            writeln!(f, "interrupted: this is a part of the run")?;
        }
        self.broken.iter().try_for_each(|broken| writeln!(f, "failed: {broken}"))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::attack::counts::End;

    /// A report on these counts.
    pub(crate) fn report_of(counts: &Counts, connections: usize) -> Report {
        let facts = Facts {
            url: "http://127.0.0.1:1/".to_owned(),
            profile: "hoard",
            connections,
            rate: 200.0,
            reopen: false,
            ran: Duration::from_secs(30),
            interrupted: false,
        };
        Report::new(facts, counts)
    }

    #[test]
    fn it_tells_what_happened_to_every_connection() {
        let counts = Counts::new();
        for (end, status) in [(End::Closed, Some(408)), (End::Reset, None), (End::Open, Some(200))]
        {
            counts.opened().ended(end, Duration::from_secs(5), status);
        }
        counts.failed(Failure::Refused, "nobody listens");
        let report = report_of(&counts, 4);
        let text = report.to_string();
        for part in [
            "opened              3   at most 1 at a time",
            "  refused           1   nobody listens",
            "closed              2   by the server, 1 of them by a reset",
            "still open          1 ",
            "answers    200: 1, 408: 1",
            "closed after  p50 5.00 s",
        ] {
            assert!(text.contains(part), "no `{part}` in\n{text}");
        }
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["schema"], SCHEMA);
        assert_eq!(json["reasons"].as_object().unwrap().len(), Failure::ALL.len());
        assert_eq!((&json["statuses"]["408"], &json["still_open"]), (&1.into(), &1.into()));
    }
}
