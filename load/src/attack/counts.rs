//! What happened to the connections, so far.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::Serialize;

use crate::record::Recorder;

/// Bucket bounds of how long connections live, in seconds. Time-outs of servers are round numbers,
/// and what they end lives a little longer.
const LIFE_BOUNDS: [f64; 10] = [0.1, 0.5, 1.0, 2.0, 3.0, 6.0, 12.0, 32.0, 62.0, 122.0];

/// Why there was no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Failure {
    /// Nobody listens there.
    Refused,
    /// The other side did not answer in time: its queue is full, or it is not there.
    Timeout,
    /// The name does not resolve.
    Dns,
    /// This machine has no port or no file left.
    Limit,
    /// The name leads where no attack may go.
    Forbidden,
    /// Anything else.
    Other,
}

impl Failure {
    /// All of them, in the order of tables.
    pub(crate) const ALL: [Self; 6] =
        [Self::Refused, Self::Timeout, Self::Dns, Self::Limit, Self::Forbidden, Self::Other];

    /// The word for it in reports and metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Timeout => "timeout",
            Self::Dns => "dns",
            Self::Limit => "limit",
            Self::Forbidden => "forbidden",
            Self::Other => "other",
        }
    }
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The server said goodbye.
    Closed,
    /// The server broke it off.
    Reset,
    /// It did not: it was still open when its client hung up.
    Open,
}

/// What happened to the connections, so far.
#[derive(Clone, Debug)]
pub(crate) struct Totals {
    /// Clients that are connecting or connected.
    pub(crate) clients: u64,
    /// Clients that have begun to connect.
    pub(crate) started: u64,
    pub(crate) opened: u64,
    pub(crate) failed: BTreeMap<Failure, u64>,
    pub(crate) closed: u64,
    pub(crate) reset: u64,
    /// Open now, and at most.
    pub(crate) open: u64,
    pub(crate) most_open: u64,
    /// Open when their client hung up.
    pub(crate) left_open: u64,
    /// Answers that were there when a connection ended, by status.
    pub(crate) statuses: BTreeMap<u16, u64>,
    /// How long connections lived that the server ended.
    pub(crate) life: Recorder,
    /// The first message of each kind of failure.
    pub(crate) messages: BTreeMap<Failure, String>,
}

impl Totals {
    /// Those that the server ended.
    pub(crate) fn ended(&self) -> u64 {
        self.closed + self.reset
    }

    pub(crate) fn failures(&self) -> u64 {
        self.failed.values().sum()
    }
}

/// The totals, for all clients and whoever looks.
pub(crate) struct Counts(Mutex<Totals>);

impl Counts {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Totals {
            clients: 0,
            started: 0,
            opened: 0,
            failed: Failure::ALL.map(|failure| (failure, 0)).into(),
            closed: 0,
            reset: 0,
            open: 0,
            most_open: 0,
            left_open: 0,
            statuses: BTreeMap::new(),
            life: Recorder::new(&LIFE_BOUNDS),
            messages: BTreeMap::new(),
        }))
    }

    /// Another thread's panic leaves counters that are still counters.
    pub(crate) fn totals(&self) -> MutexGuard<'_, Totals> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A client begins.
    pub(crate) fn begin(&self) {
        let mut totals = self.totals();
        totals.clients += 1;
        totals.started += 1;
    }

    /// A client that has begun is there until this is dropped.
    pub(crate) fn present(&self) -> Present<'_> {
        Present(self)
    }

    pub(crate) fn failed(&self, failure: Failure, why: &str) {
        let mut totals = self.totals();
        *totals.failed.entry(failure).or_default() += 1;
        totals.messages.entry(failure).or_insert_with(|| why.to_owned());
    }

    /// A connection is open until what is returned is dropped.
    pub(crate) fn opened(&self) -> Open<'_> {
        let mut totals = self.totals();
        totals.opened += 1;
        totals.open += 1;
        totals.most_open = totals.most_open.max(totals.open);
        Open(self)
    }
}

/// A client that is there.
pub(crate) struct Present<'c>(&'c Counts);

impl Drop for Present<'_> {
    fn drop(&mut self) {
        self.0.totals().clients -= 1;
    }
}

/// An open connection.
pub(crate) struct Open<'c>(&'c Counts);

impl Open<'_> {
    pub(crate) fn ended(self, end: End, lived: Duration, status: Option<u16>) {
        let mut totals = self.0.totals();
        match end {
            End::Closed => totals.closed += 1,
            End::Reset => totals.reset += 1,
            End::Open => totals.left_open += 1,
        }
        if end != End::Open {
            totals.life.record(lived);
        }
        if let Some(status) = status {
            *totals.statuses.entry(status).or_default() += 1;
        }
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.totals().open -= 1;
    }
}
