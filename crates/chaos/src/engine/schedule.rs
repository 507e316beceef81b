//! The state of a Schedule, and which of its ticks is due.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::document::Scheduled;
use crate::schedule::Schedule;
use crate::snapshot::ScheduleStatus;

/// Chaos Mesh gives up on a Schedule that missed more ticks than this.
const MAX_MISSED: usize = 100;

/// A Schedule and how far it has come.
#[derive(Debug)]
pub(super) struct ScheduleState {
    pub(super) schedule: Arc<Schedule<Scheduled>>,
    pub(super) status: ScheduleStatus,
    /// It gave up, and has said so.
    pub(super) stuck: bool,
    /// Which event was recorded already about which of its experiments.
    pub(super) recorded: BTreeSet<(Topic, String)>,
}

/// An event that is recorded once for each experiment of a Schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Topic {
    Forbid,
    NotPausable,
    SkipHistory,
}

/// What is due at a moment.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing until the next tick, if there is one.
    Nothing(Option<Timestamp>),
    /// A tick has passed; of several only the latest counts.
    Tick,
    /// Too many ticks have passed.
    TooMany,
}

impl ScheduleState {
    pub(super) fn new(schedule: Arc<Schedule<Scheduled>>) -> Self {
        Self {
            schedule,
            status: ScheduleStatus::default(),
            stuck: false,
            recorded: BTreeSet::new(),
        }
    }

    /// Takes over a changed spec; the last run is not forgotten.
    pub(super) fn replace(&mut self, schedule: Arc<Schedule<Scheduled>>) {
        self.schedule = schedule;
        self.stuck = false;
    }

    /// Walks from the last run (or the creation) to now. A starting deadline moves the start
    /// forward.
    pub(super) fn due(&self, created: Timestamp, now: Timestamp) -> Due {
        let last = self.status.time.unwrap_or(created);
        let deadline = self.schedule.starting_deadline_seconds.map(SignedDuration::from_secs);
        let earliest = deadline
            .and_then(|deadline| now.checked_sub(deadline).ok())
            .map_or(last, |limit| limit.max(last));
        match self.schedule.cron.ticks(earliest, now, MAX_MISSED + 1).len() {
            0 => Due::Nothing(self.schedule.cron.next(earliest)),
            1..=MAX_MISSED => Due::Tick,
            _ => Due::TooMany,
        }
    }
}
