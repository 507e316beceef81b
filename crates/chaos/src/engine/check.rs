//! The life of a StatusCheck: when it asks, what it remembers, and when it is complete.
//!
//! The rules are here; the asking itself is done by the driver (`probing`), at most one question of
//! a check at a time.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::entry::{Entry, State};
use super::events::{Happening, Told};
use super::world::{Key, World};
use crate::snapshot::{CheckOutcome, CheckRecord, Condition, StatusCheckStatus};
use crate::workflow::probe::{HttpProbe, ProbeAnswer};
use crate::workflow::status_check::{CheckMode, StatusCheck};

/// See the module's description.
#[derive(Debug)]
pub(super) struct CheckState {
    check: Arc<StatusCheck>,
    created: Timestamp,
    next: Option<Timestamp>,
    asking: bool,
    ended: Option<(Timestamp, &'static str)>,
    count: u64,
    records: Vec<CheckRecord>,
}

/// A question to be asked.
#[derive(Debug)]
pub(super) struct Question {
    key: Key,
    uid: String,
    asked: Timestamp,
    pub(super) probe: HttpProbe,
}

impl CheckState {
    pub(super) fn new(check: Arc<StatusCheck>, created: Timestamp) -> Self {
        let mut state = Self {
            check,
            created,
            next: None,
            asking: false,
            ended: None,
            count: 0,
            records: Vec::new(),
        };
        state.next = created.checked_add(state.interval()).ok();
        state
    }

    /// Is it complete, and if so, did it succeed?
    pub(super) fn verdict(&self) -> Option<bool> {
        self.ended.map(|_| self.in_a_row(CheckOutcome::Success, self.check.success_threshold))
    }

    pub(super) fn status(&self, now: Timestamp) -> StatusCheckStatus {
        let condition = |kind: &str, status, reason: &str| Condition {
            kind: kind.to_owned(),
            status,
            reason: Some(reason.to_owned()),
        };
        let reason = self.ended.map_or("", |(_, reason)| reason);
        let (failures, successes) = (self.check.failure_threshold, self.check.success_threshold);
        StatusCheckStatus {
            conditions: vec![
                condition("Completed", self.ended.is_some(), reason),
                condition("DurationExceed", self.end().is_some_and(|end| end <= now), ""),
                condition(
                    "FailureThresholdExceed",
                    self.in_a_row(CheckOutcome::Failure, failures),
                    "",
                ),
                condition(
                    "SuccessThresholdExceed",
                    self.in_a_row(CheckOutcome::Success, successes),
                    "",
                ),
            ],
            start_time: Some(self.created),
            completion_time: self.ended.map(|(at, _)| at),
            count: self.count,
            records: self.records.clone(),
        }
    }

    fn interval(&self) -> SignedDuration {
        SignedDuration::from_secs(self.check.interval_seconds)
    }

    fn end(&self) -> Option<Timestamp> {
        let duration = self.check.parsed_duration()?;
        self.created.saturating_add(duration.as_signed()).ok()
    }

    /// Are the latest answers, `threshold` of them, all alike?
    fn in_a_row(&self, outcome: CheckOutcome, threshold: i64) -> bool {
        let alike = |record: &&CheckRecord| record.outcome == outcome;
        let in_a_row = self.records.iter().rev().take_while(alike).count();
        usize::try_from(threshold).is_ok_and(|threshold| in_a_row >= threshold)
    }

    /// Duration beats failures, failures beat successes, which end a synchronous check only.
    fn reason(&self, now: Timestamp) -> Option<&'static str> {
        let (failures, successes) = (self.check.failure_threshold, self.check.success_threshold);
        if self.end().is_some_and(|end| end <= now) {
            Some("StatusCheckDurationExceed")
        } else if self.in_a_row(CheckOutcome::Failure, failures) {
            Some("StatusCheckFailureThresholdExceed")
        } else if self.check.mode == CheckMode::Synchronous
            && self.in_a_row(CheckOutcome::Success, successes)
        {
            Some("StatusCheckSuccessThresholdExceed")
        } else {
            None
        }
    }

    /// Is a question due? Those that were missed meanwhile are not made up for.
    fn ask(&mut self, now: Timestamp) -> Option<HttpProbe> {
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

    fn remember(&mut self, record: CheckRecord) {
        self.count += 1;
        self.records.push(record);
        let kept = usize::try_from(self.check.records_history_limit).unwrap_or(0);
        let excess = self.records.len().saturating_sub(kept);
        self.records.drain(..excess);
    }
}

impl World {
    /// Takes one check as far as it gets without waiting.
    pub(super) fn step_check(&mut self, key: &Key, now: Timestamp) {
        let Some(Entry {
            uid, owner, deleted, state: State::StatusCheck(state), wake, gone, ..
        }) = self.objects.get_mut(key)
        else {
            return;
        };
        *wake = None;
        if deleted.is_some() {
            *gone = true;
            return;
        }
        if state.ended.is_some() {
            return;
        }
        if let Some(reason) = state.reason(now) {
            state.ended = Some((now, reason));
            for told in ending(reason) {
                self.events.record(
                    key,
                    uid,
                    owner.as_ref().map(|owner| &owner.object),
                    &Happening::Other(told),
                    now,
                );
            }
            return;
        }
        if let Some(probe) = state.ask(now) {
            self.questions.push(Question { key: key.clone(), uid: uid.clone(), asked: now, probe });
        }
        let next = state.next.filter(|_| !state.asking);
        *wake = next.into_iter().chain(state.end()).filter(|at| *at > now).min();
    }

    /// Takes in an answer, or why there was none.
    pub(super) fn answer_check(
        &mut self,
        question: &Question,
        answer: &Result<ProbeAnswer, String>,
        now: Timestamp,
    ) {
        let Some(Entry { uid, owner, state: State::StatusCheck(state), .. }) =
            self.objects.get_mut(&question.key)
        else {
            return;
        };
        if *uid != question.uid || !std::mem::replace(&mut state.asking, false) {
            return;
        }
        if state.ended.is_some() {
            return;
        }
        if let Ok(ProbeAnswer { whole: false, .. }) = answer {
            // Upstream says so in its log only.
            let discarded = Told {
                warning: true,
                reason: "StatusCheckAnswerDiscarded",
                source: "statuscheck",
                message: "the body of the answer broke off or did not end in time, so the answer does not count".to_owned(),
            };
            self.events.record(
                &question.key,
                uid,
                owner.as_ref().map(|owner| &owner.object),
                &Happening::Other(discarded),
                now,
            );
            return;
        }
        let outcome = match state.check.judge(answer) {
            Ok(()) => CheckOutcome::Success,
            Err(why) => {
                let failed = Told {
                    warning: true,
                    reason: "StatusCheckExecutionFailed",
                    source: "statuscheck",
                    message: format!("HTTP execution of status check failed: {why}"),
                };
                self.events.record(
                    &question.key,
                    uid,
                    owner.as_ref().map(|owner| &owner.object),
                    &Happening::Other(failed),
                    now,
                );
                CheckOutcome::Failure
            }
        };
        state.remember(CheckRecord { start_time: question.asked, outcome });
    }
}

/// What is told when a check is complete.
fn ending(reason: &'static str) -> [Told; 2] {
    let (warning, message) = match reason {
        "StatusCheckDurationExceed" => (true, "duration exceed"),
        "StatusCheckFailureThresholdExceed" => (true, "failure threshold exceed"),
        _ => (false, "success threshold exceed"),
    };
    let told = |warning, reason, message| Told { warning, reason, source: "statuscheck", message };
    [
        told(warning, reason, message.to_owned()),
        told(false, "StatusCheckCompleted", format!("status check completed: {reason}")),
    ]
}
