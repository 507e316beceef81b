//! One target of an experiment: what was tried on it, and what is due next.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::fault::Fault;
use crate::kind::Side;
use crate::snapshot::{DesiredPhase, Operation, Phase, Record, RecordEvent, RecordEventType};
use crate::target::Target;

/// Attempts remembered per record, as in Chaos Mesh.
const MAX_RECORD_EVENTS: usize = 100;

/// A failed attempt is repeated after this long, doubled with each failure up to the maximum.
const FIRST_RETRY: SignedDuration = SignedDuration::from_millis(100);
const LAST_RETRY: SignedDuration = SignedDuration::from_secs(30);

/// One record and what only the engine knows about it.
#[derive(Debug)]
pub(super) struct RecordState {
    pub(super) target: Target,
    /// Which selector chose the target.
    pub(super) side: Side,
    /// What is done to it; nothing at the end of a connection that is not shaped.
    pub(super) fault: Option<Arc<Fault>>,
    pub(super) record: Record,
    /// An operation is under way.
    pub(super) busy: bool,
    /// An apply was cut off: the fault may be there although the record says otherwise.
    pub(super) partial: bool,
    failures: u32,
    pub(super) retry_at: Option<Timestamp>,
}

impl RecordState {
    pub(super) fn new(target: Target, side: Side, fault: Option<Arc<Fault>>) -> Self {
        let record = Record {
            id: target.to_string(),
            selector_key: side.key().to_owned(),
            phase: Phase::NotInjected,
            injected_count: 0,
            recovered_count: 0,
            events: Vec::new(),
        };
        Self {
            target,
            side,
            fault,
            record,
            busy: false,
            partial: false,
            failures: 0,
            retry_at: None,
        }
    }

    /// What brings this record closer to the desired phase.
    pub(super) fn due(&self, desired: DesiredPhase) -> Option<Operation> {
        match (desired, self.record.phase) {
            (DesiredPhase::Run, Phase::NotInjected) => Some(Operation::Apply),
            (DesiredPhase::Stop, Phase::Injected) => Some(Operation::Recover),
            (DesiredPhase::Stop, Phase::NotInjected) if self.partial => Some(Operation::Recover),
            _ => None,
        }
    }

    pub(super) fn succeeded(&mut self, operation: Operation, now: Timestamp) {
        (self.busy, self.partial, self.failures, self.retry_at) = (false, false, 0, None);
        match operation {
            Operation::Apply => {
                self.record.phase = Phase::Injected;
                self.record.injected_count += 1;
            }
            Operation::Recover => {
                self.record.phase = Phase::NotInjected;
                self.record.recovered_count += 1;
            }
        }
        self.remember(operation, RecordEventType::Succeeded, "", now);
    }

    pub(super) fn failed(
        &mut self,
        operation: Operation,
        message: &str,
        partial: bool,
        now: Timestamp,
    ) {
        self.busy = false;
        self.partial |= partial && operation == Operation::Apply;
        let delay = FIRST_RETRY
            .checked_mul(1 << self.failures.min(20))
            .map_or(LAST_RETRY, |delay| delay.min(LAST_RETRY));
        self.failures += 1;
        self.retry_at = now.checked_add(delay).ok();
        self.remember(operation, RecordEventType::Failed, message, now);
    }

    fn remember(
        &mut self,
        operation: Operation,
        kind: RecordEventType,
        message: &str,
        now: Timestamp,
    ) {
        if self.record.events.len() == MAX_RECORD_EVENTS {
            self.record.events.remove(0);
        }
        let message = message.to_owned();
        self.record.events.push(RecordEvent { operation, kind, message, timestamp: now });
    }
}
