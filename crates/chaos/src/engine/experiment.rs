//! The state of one experiment: its records, and what follows from them.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::entry::Owner;
use crate::experiment::Experiment;
use crate::fault::{Fault, LONGEST_FAULT};
use crate::fields::duration::GoDuration;
use crate::kind::{Chaos, Side};
use crate::snapshot::{
    ChaosStatus, Condition, DesiredPhase, ExperimentStatus, Operation, Phase, Record, RecordEvent,
    RecordEventType,
};
use crate::target::Target;

/// What keeps an experiment from going before it has recovered.
const FINALIZER: &str = "chaos-mesh/records";

/// Attempts remembered per record, as in Chaos Mesh.
const MAX_RECORD_EVENTS: usize = 100;

/// A failed attempt is repeated after this long, doubled with each failure up to the maximum.
const FIRST_RETRY: SignedDuration = SignedDuration::from_millis(100);
const LAST_RETRY: SignedDuration = SignedDuration::from_secs(30);

/// See the module's description.
#[derive(Debug)]
pub(super) struct ExperimentState {
    pub(super) chaos: Arc<dyn Chaos>,
    /// The fault, or the sentence that says which field this stage cannot do.
    pub(super) fault: Result<Arc<Fault>, String>,
    pub(super) refusal_told: bool,
    pub(super) finalizer: bool,
    pub(super) desired: Option<DesiredPhase>,
    pub(super) slots: Vec<Slot>,
    /// Something has happened since the last attempt to select targets.
    pub(super) select: bool,
}

/// One record and what only the engine knows about it.
#[derive(Debug)]
pub(super) struct Slot {
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

impl ExperimentState {
    pub(super) fn new(experiment: &Experiment) -> Self {
        let chaos = experiment.chaos.clone();
        let refusals = experiment.refusals();
        let fault = match (chaos.fault(), refusals.as_slice()) {
            (Ok(fault), []) => Ok(Arc::new(fault)),
            (_, refusals) => Err(refusals
                .iter()
                .map(|problem| format!("spec.{problem}"))
                .collect::<Vec<_>>()
                .join("; ")),
        };
        Self {
            chaos,
            fault,
            refusal_told: false,
            finalizer: false,
            desired: None,
            slots: Vec::new(),
            select: true,
        }
    }

    pub(super) fn select_again(&mut self) {
        self.select = true;
    }

    /// When the experiment is over: its duration, or the stage's maximum, after its creation.
    /// `None` for one-shots.
    pub(super) fn end(
        &self,
        created: Timestamp,
        owner: Option<&Owner>,
        default_maximum: GoDuration,
    ) -> Option<Timestamp> {
        if self.chaos.one_shot() {
            return None;
        }
        let duration = self.chaos.common().parsed_duration();
        let until = owner.and_then(|owner| owner.until);
        let end = match (duration, until) {
            (Some(duration), _) => created.saturating_add(duration.as_signed()),
            // Its owner deletes it then, which is no time-up: only the stage's own limit is one.
            (None, Some(_)) => created.saturating_add(LONGEST_FAULT),
            (None, None) => created.saturating_add(default_maximum.as_signed()),
        };
        Some(end.unwrap_or(Timestamp::MAX))
    }

    /// Is a next experiment of the same Schedule allowed?
    pub(super) fn finished(&self, end: Option<Timestamp>, now: Timestamp) -> bool {
        match end {
            None => self.slots.iter().all(|slot| slot.record.phase == Phase::Injected),
            Some(end) => self.desired == Some(DesiredPhase::Stop) && end <= now && self.clear(),
        }
    }

    /// Is no fault in place, nor on its way?
    pub(super) fn clear(&self) -> bool {
        self.slots
            .iter()
            .all(|slot| slot.record.phase == Phase::NotInjected && !slot.busy && !slot.partial)
    }

    pub(super) fn finalizers(&self) -> Vec<String> {
        if self.finalizer { vec![FINALIZER.to_owned()] } else { Vec::new() }
    }

    pub(super) fn status(&self, paused: bool) -> ChaosStatus {
        let selected = !self.slots.is_empty();
        let all = |phase| selected && self.slots.iter().all(|slot| slot.record.phase == phase);
        let condition =
            |kind: &str, status| Condition { kind: kind.to_owned(), status, reason: None };
        ChaosStatus {
            conditions: vec![
                condition("Selected", selected),
                condition("AllInjected", all(Phase::Injected)),
                condition("AllRecovered", all(Phase::NotInjected)),
                condition("Paused", paused),
            ],
            experiment: ExperimentStatus {
                desired_phase: self.desired,
                container_records: self.slots.iter().map(|slot| slot.record.clone()).collect(),
            },
        }
    }
}

impl Slot {
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
        self.remember(RecordEvent {
            operation,
            kind: RecordEventType::Succeeded,
            message: String::new(),
            timestamp: now,
        });
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
        self.remember(RecordEvent {
            operation,
            kind: RecordEventType::Failed,
            message: message.to_owned(),
            timestamp: now,
        });
    }

    fn remember(&mut self, event: RecordEvent) {
        if self.record.events.len() == MAX_RECORD_EVENTS {
            self.record.events.remove(0);
        }
        self.record.events.push(event);
    }
}
