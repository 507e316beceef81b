//! The state of one experiment: its records, and what follows from them.

use std::sync::Arc;

use jiff::Timestamp;

use super::record::RecordState;
use crate::experiment::Experiment;
use crate::fault::{Fault, LONGEST_FAULT};
use crate::fields::duration::GoDuration;
use crate::kind::Chaos;
use crate::snapshot::{ChaosStatus, Condition, DesiredPhase, ExperimentStatus, Phase};

/// Keeps the object of an experiment until it has recovered.
const FINALIZER: &str = "chaos-mesh/records";

/// An experiment and how far it has come.
#[derive(Debug)]
pub(super) struct ExperimentState {
    pub(super) chaos: Arc<dyn Chaos>,
    /// The fault, or the sentence that says which field this stage cannot do.
    pub(super) fault: Result<Arc<Fault>, String>,
    pub(super) refusal_recorded: bool,
    pub(super) finalizer: bool,
    pub(super) desired: Option<DesiredPhase>,
    pub(super) records: Vec<RecordState>,
    /// Something has happened since the last attempt to select targets.
    pub(super) select: bool,
}

impl ExperimentState {
    pub(super) fn new(experiment: &Experiment) -> Self {
        let chaos = experiment.chaos.clone();
        let refusals = experiment.refusals();
        let fault = match (chaos.fault(), refusals.as_slice()) {
            (Ok(fault), []) => Ok(Arc::new(fault)),
            (_, refusals) => {
                let refusals: Vec<String> =
                    refusals.iter().map(|refusal| format!("spec.{refusal}")).collect();
                Err(refusals.join("; "))
            }
        };
        Self {
            chaos,
            fault,
            refusal_recorded: false,
            finalizer: false,
            desired: None,
            records: Vec::new(),
            select: true,
        }
    }

    pub(super) fn select_again(&mut self) {
        self.select = true;
    }

    /// When the experiment is over: its duration, or the stage's maximum, after its creation.
    /// `until` is when its owner will delete it. `None` for one-shots.
    pub(super) fn end(
        &self,
        created: Timestamp,
        until: Option<Timestamp>,
        default_maximum: GoDuration,
    ) -> Option<Timestamp> {
        if self.chaos.one_shot() {
            return None;
        }
        let duration = self.chaos.common().parsed_duration();
        let end = match (duration, until) {
            (Some(duration), _) => created.saturating_add(duration.as_signed()),
            // Its owner deletes it then, which is not a time-up: only the stage's own limit is.
            (None, Some(_)) => created.saturating_add(LONGEST_FAULT),
            (None, None) => created.saturating_add(default_maximum.as_signed()),
        };
        Some(end.unwrap_or(Timestamp::MAX))
    }

    /// Is a next experiment of the same Schedule allowed?
    pub(super) fn finished(&self, end: Option<Timestamp>, now: Timestamp) -> bool {
        match end {
            None => self.records.iter().all(|state| state.record.phase == Phase::Injected),
            Some(end) => self.desired == Some(DesiredPhase::Stop) && end <= now && self.clear(),
        }
    }

    /// Is every target free of the fault, and no operation under way?
    pub(super) fn clear(&self) -> bool {
        self.records
            .iter()
            .all(|state| state.record.phase == Phase::NotInjected && !state.busy && !state.partial)
    }

    pub(super) fn finalizers(&self) -> Vec<String> {
        if self.finalizer { vec![FINALIZER.to_owned()] } else { Vec::new() }
    }

    pub(super) fn status(&self, paused: bool) -> ChaosStatus {
        let selected = !self.records.is_empty();
        let all = |phase| selected && self.records.iter().all(|state| state.record.phase == phase);
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
                container_records: self.records.iter().map(|state| state.record.clone()).collect(),
            },
        }
    }
}
