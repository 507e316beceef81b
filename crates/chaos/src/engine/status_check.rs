//! The state of a StatusCheck: when it asks, what it remembers, and when it is complete.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::key::Key;
use crate::snapshot::{CheckOutcome, CheckRecord, Condition, StatusCheckStatus};
use crate::workflow::probe::HttpProbe;
use crate::workflow::status_check::{CheckMode, StatusCheck};

/// A check and how far it has come.
#[derive(Debug)]
pub(super) struct StatusCheckState {
    pub(super) check: Arc<StatusCheck>,
    created: Timestamp,
    next: Option<Timestamp>,
    /// A request is under way.
    pub(super) asking: bool,
    /// When and why it was complete.
    pub(super) ended: Option<(Timestamp, EndReason)>,
    count: u64,
    records: Vec<CheckRecord>,
}

/// Why a check is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EndReason {
    Duration,
    FailureThreshold,
    SuccessThreshold,
}

/// A request that a check wants to be sent.
#[derive(Debug)]
pub(super) struct ProbeRequest {
    pub(super) key: Key,
    pub(super) uid: String,
    pub(super) asked: Timestamp,
    pub(super) probe: HttpProbe,
}

impl EndReason {
    /// The word in conditions and events.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Duration => "StatusCheckDurationExceed",
            Self::FailureThreshold => "StatusCheckFailureThresholdExceed",
            Self::SuccessThreshold => "StatusCheckSuccessThresholdExceed",
        }
    }
}

impl StatusCheckState {
    pub(super) fn new(check: Arc<StatusCheck>, created: Timestamp) -> Self {
        let interval = SignedDuration::from_secs(check.interval_seconds);
        Self {
            check,
            created,
            next: created.checked_add(interval).ok(),
            asking: false,
            ended: None,
            count: 0,
            records: Vec::new(),
        }
    }

    /// Did it succeed? `None` until it is complete.
    pub(super) fn succeeded(&self) -> Option<bool> {
        self.ended.map(|_| self.in_a_row(CheckOutcome::Success, self.check.success_threshold))
    }

    pub(super) fn status(&self, now: Timestamp) -> StatusCheckStatus {
        let condition = |kind: &str, status, reason: &str| Condition {
            kind: kind.to_owned(),
            status,
            reason: Some(reason.to_owned()),
        };
        let reason = self.ended.map_or("", |(_, reason)| reason.reason());
        let (failures, successes) = (self.failures_reached(), self.successes_reached());
        StatusCheckStatus {
            conditions: vec![
                condition("Completed", self.ended.is_some(), reason),
                condition("DurationExceed", self.is_over(now), ""),
                condition("FailureThresholdExceed", failures, ""),
                condition("SuccessThresholdExceed", successes, ""),
            ],
            start_time: Some(self.created),
            completion_time: self.ended.map(|(at, _)| at),
            count: self.count,
            records: self.records.clone(),
        }
    }

    /// When it has to be looked at again.
    pub(super) fn wake(&self, now: Timestamp) -> Option<Timestamp> {
        let next = self.next.filter(|_| !self.asking);
        next.into_iter().chain(self.end()).filter(|at| *at > now).min()
    }

    /// Duration beats failures, failures beat successes, which end a synchronous check only.
    pub(super) fn end_reason(&self, now: Timestamp) -> Option<EndReason> {
        if self.is_over(now) {
            Some(EndReason::Duration)
        } else if self.failures_reached() {
            Some(EndReason::FailureThreshold)
        } else if self.check.mode == CheckMode::Synchronous && self.successes_reached() {
            Some(EndReason::SuccessThreshold)
        } else {
            None
        }
    }

    /// The request that is due, if any. Those that were missed meanwhile are not made up for.
    pub(super) fn ask(&mut self, now: Timestamp) -> Option<HttpProbe> {
        if self.asking || self.next.is_none_or(|next| next > now) {
            return None;
        }
        let missed = self.next.map_or(0, |next| now.duration_since(next).as_secs());
        let intervals = missed / self.check.interval_seconds.max(1) + 1;
        let step = SignedDuration::from_secs(intervals.saturating_mul(self.check.interval_seconds));
        self.next = self.next.and_then(|next| next.checked_add(step).ok());
        self.asking = true;
        self.check.probe()
    }

    pub(super) fn remember(&mut self, record: CheckRecord) {
        self.count += 1;
        self.records.push(record);
        let kept = usize::try_from(self.check.records_history_limit).unwrap_or(0);
        let excess = self.records.len().saturating_sub(kept);
        self.records.drain(..excess);
    }

    fn end(&self) -> Option<Timestamp> {
        let duration = self.check.parsed_duration()?;
        self.created.saturating_add(duration.as_signed()).ok()
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.end().is_some_and(|end| end <= now)
    }

    fn failures_reached(&self) -> bool {
        self.in_a_row(CheckOutcome::Failure, self.check.failure_threshold)
    }

    fn successes_reached(&self) -> bool {
        self.in_a_row(CheckOutcome::Success, self.check.success_threshold)
    }

    /// Are the latest answers, `threshold` of them, all alike?
    fn in_a_row(&self, outcome: CheckOutcome, threshold: i64) -> bool {
        let alike = |record: &&CheckRecord| record.outcome == outcome;
        let in_a_row = self.records.iter().rev().take_while(alike).count();
        usize::try_from(threshold).is_ok_and(|threshold| in_a_row >= threshold)
    }
}
