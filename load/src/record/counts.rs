//! What one thread counted.

use std::time::Duration;

use super::{
    outcome::Outcome,
    recorder::{LAG_BOUNDS, LATENCY_BOUNDS, Recorder},
    values::Values,
};

/// Statuses have three digits.
const STATUSES: usize = 1000;

/// Counts and times.
#[derive(Clone, Debug)]
pub(crate) struct Counts {
    /// Arrivals whose time came; those handed to a connection or its queue; those that found too
    /// many in flight.
    pub(crate) due: u64,
    pub(crate) sent: u64,
    pub(crate) dropped: u64,
    outcomes: [u64; Outcome::ALL.len()],
    statuses: Vec<u64>,
    /// Answers by the value of a header.
    pub(crate) values: Values,
    /// Times of what was answered as expected. Censored requests are in here with the time they had
    /// waited: leaving out the slowest ones would flatter the server.
    pub(crate) success: Recorder,
    /// Times of errors, apart: a fast 503 must not improve the percentiles.
    pub(crate) error: Recorder,
    /// How late the scheduler was.
    pub(crate) lag: Recorder,
    pub(crate) connections_opened: u64,
    pub(crate) body_bytes: u64,
    /// The first message of each kind of error.
    examples: [Option<String>; Outcome::ALL.len()],
}

impl Counts {
    pub(crate) fn new() -> Self {
        Self {
            due: 0,
            sent: 0,
            dropped: 0,
            outcomes: [0; Outcome::ALL.len()],
            statuses: vec![0; STATUSES],
            values: Values::default(),
            success: Recorder::new(&LATENCY_BOUNDS),
            error: Recorder::new(&LATENCY_BOUNDS),
            lag: Recorder::new(&LAG_BOUNDS),
            connections_opened: 0,
            body_bytes: 0,
            examples: [const { None }; Outcome::ALL.len()],
        }
    }

    /// Notes the end of one request.
    pub(crate) fn end(&mut self, outcome: Outcome, latency: Duration) {
        self.outcomes[outcome as usize] += 1;
        if outcome.is_error() {
            self.error.record(latency);
        } else {
            self.success.record(latency);
        }
    }

    pub(crate) fn status(&mut self, status: u16) {
        if let Some(count) = self.statuses.get_mut(usize::from(status)) {
            *count += 1;
        }
    }

    /// Keeps the message of an error if it is the first of its kind.
    pub(crate) fn explain(&mut self, outcome: Outcome, why: impl FnOnce() -> String) {
        self.examples[outcome as usize].get_or_insert_with(why);
    }

    pub(crate) fn count(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize]
    }

    pub(crate) fn errors(&self) -> u64 {
        Outcome::ALL
            .into_iter()
            .filter(|outcome| outcome.is_error())
            .map(|outcome| self.count(outcome))
            .sum()
    }

    /// Answers, with whatever status: what was refused, reset or timed out got none.
    pub(crate) fn answered(&self) -> u64 {
        self.statuses().map(|(_, count)| count).sum()
    }

    /// Requests that came to an end, good or bad.
    pub(crate) fn ended(&self) -> u64 {
        self.count(Outcome::Ok) + self.errors()
    }

    pub(crate) fn example(&self, outcome: Outcome) -> Option<&str> {
        self.examples[outcome as usize].as_deref()
    }

    /// Statuses that occurred, with their number.
    pub(crate) fn statuses(&self) -> impl Iterator<Item = (usize, u64)> {
        self.statuses.iter().copied().enumerate().filter(|(_, count)| *count > 0)
    }

    /// Takes over everything from `other`, which is empty afterwards.
    pub(crate) fn merge_from(&mut self, other: &mut Self) {
        for (mine, theirs) in [
            (&mut self.due, &mut other.due),
            (&mut self.sent, &mut other.sent),
            (&mut self.dropped, &mut other.dropped),
            (&mut self.connections_opened, &mut other.connections_opened),
            (&mut self.body_bytes, &mut other.body_bytes),
        ] {
            *mine += std::mem::take(theirs);
        }
        let outcomes = self.outcomes.iter_mut().zip(&mut other.outcomes);
        let statuses = self.statuses.iter_mut().zip(&mut other.statuses);
        for (mine, theirs) in outcomes.chain(statuses) {
            *mine += std::mem::take(theirs);
        }
        self.values.merge_from(&mut other.values);
        self.success.merge_from(&mut other.success);
        self.error.merge_from(&mut other.error);
        self.lag.merge_from(&mut other.lag);
        for (mine, theirs) in self.examples.iter_mut().zip(&mut other.examples) {
            *mine = mine.take().or_else(|| theirs.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_censored_request_is_in_the_latencies_and_an_error_is_not() {
        let mut counts = Counts::new();
        counts.end(Outcome::Censored, Duration::from_secs(2));
        counts.end(Outcome::Status5xx, Duration::from_millis(1));
        assert!(counts.success.summary().max >= 2.0);
        assert!(counts.error.summary().max < 0.01);
    }
}
