//! The life of an experiment, step by step as Chaos Mesh's controllers take them: finalizer,
//! desired phase, records, finalizer again. Targets are selected once; pods born later are not hit.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rand::Rng;

use crate::engine::action::Action;
use crate::engine::event_kind::{EventKind, Field};
use crate::engine::events::{Recorder, Subject};
use crate::engine::experiment::ExperimentState;
use crate::engine::key::Key;
use crate::engine::object::{ObjectState, StoredObject};
use crate::engine::record::RecordState;
use crate::engine::state::EngineState;
use crate::engine::targets::{Chosen, select};
use crate::kind::Side;
use crate::snapshot::{DesiredPhase, Operation};
use crate::target::{Pod, Target};

/// Takes one experiment as far as it gets without waiting.
pub(super) fn step(
    engine: &mut EngineState,
    key: &Key,
    now: Timestamp,
    pods: &dyn Fn() -> Vec<Pod>,
    actions: &mut Vec<Action>,
) {
    let Some(object) = engine.objects.get_mut(key) else {
        return;
    };
    let until = object.until();
    let StoredObject { meta, uid, created, deleted, owner, state, wake, gone, .. } = object;
    let ObjectState::Experiment(state) = state else {
        return;
    };
    let subject = Subject { key, uid, owner: owner.as_ref().map(|owner| &owner.object) };
    let deleted = deleted.is_some();
    let end = state.end(*created, until, engine.default_maximum);
    let mut step = Step { state, events: Recorder { log: &mut engine.events, subject, now }, now };

    if !deleted {
        step.add_finalizer();
    }
    let desired = step.decide(desired_phase(deleted, end, meta.paused(), now), deleted);
    if !deleted {
        step.record_refusal();
        step.select_once(&meta.namespace, pods, &mut engine.rng);
    }
    step.pass_over_untouched_targets(desired);
    // An experiment that its owner will delete lapses by then, whatever becomes of the engine.
    let expires = end.map(|end| until.map_or(end, |until| until.min(end)));
    for (record, operation) in step.start_due(desired, &mut engine.busy) {
        let begun = &step.state.records[record];
        let Some(fault) = &begun.fault else { continue };
        actions.push(Action {
            key: key.clone(),
            uid: uid.clone(),
            record,
            side: begun.side,
            operation,
            fault: fault.clone(),
            target: begun.target.clone(),
            expires,
        });
    }
    if deleted && step.state.clear() {
        step.remove_finalizer();
        *gone = true;
    }
    *wake = step.next_look(desired, end);
}

/// Deletion beats one-shot, one-shot beats duration, duration beats pause.
fn desired_phase(
    deleted: bool,
    end: Option<Timestamp>,
    paused: bool,
    now: Timestamp,
) -> (DesiredPhase, EventKind<'static>) {
    match end {
        _ if deleted => (DesiredPhase::Stop, EventKind::Deleted),
        None => (DesiredPhase::Run, EventKind::Started),
        Some(end) if end <= now => (DesiredPhase::Stop, EventKind::TimeUp),
        Some(_) if paused => (DesiredPhase::Stop, EventKind::Paused),
        Some(_) => (DesiredPhase::Run, EventKind::Started),
    }
}

/// One look at one experiment.
struct Step<'a> {
    state: &'a mut ExperimentState,
    events: Recorder<'a>,
    now: Timestamp,
}

impl Step<'_> {
    fn add_finalizer(&mut self) {
        if !std::mem::replace(&mut self.state.finalizer, true) {
            self.events.record(&EventKind::FinalizerInited);
            self.events.record(&EventKind::Updated(Field::Finalizer));
        }
    }

    fn remove_finalizer(&mut self) {
        if std::mem::replace(&mut self.state.finalizer, false) {
            self.events.record(&EventKind::FinalizerRemoved);
            self.events.record(&EventKind::Updated(Field::Finalizer));
        }
    }

    /// Takes over the desired phase; a change is an occasion to select targets again.
    fn decide(
        &mut self,
        (desired, reason): (DesiredPhase, EventKind<'_>),
        deleted: bool,
    ) -> DesiredPhase {
        if self.state.desired.replace(desired) != Some(desired) {
            // A one-shot starts without an event, as upstream.
            if deleted || !self.state.chaos.one_shot() {
                self.events.record(&reason);
            }
            self.events.record(&EventKind::Updated(Field::DesiredPhase));
            self.state.select_again();
        }
        desired
    }

    /// Says once which field this stage cannot do.
    fn record_refusal(&mut self) {
        if let (Err(refusal), false) = (&self.state.fault, self.state.refusal_recorded) {
            self.events.record(&failed("apply chaos", refusal));
            self.state.refusal_recorded = true;
        }
    }

    /// Selects the targets if there are none yet and something has happened since the last attempt.
    fn select_once(&mut self, namespace: &str, pods: &dyn Fn() -> Vec<Pod>, rng: &mut impl Rng) {
        let state = &mut *self.state;
        let Ok(fault) = state.fault.clone() else {
            return;
        };
        if !state.records.is_empty() || !std::mem::replace(&mut state.select, false) {
            return;
        }
        match select(state.chaos.as_ref(), namespace, &pods(), rng) {
            Ok(Chosen { selected, others }) => {
                let chaos = state.chaos.clone();
                let records = |side, targets: &[Target], others: &[Target]| {
                    let fault = chaos.aimed(&fault, side, others);
                    let record =
                        |target: &Target| RecordState::new(target.clone(), side, fault.clone());
                    targets.iter().map(record).collect::<Vec<_>>()
                };
                state.records = records(Side::Selected, &selected, &others);
                state.records.extend(records(Side::Other, &others, &selected));
            }
            Err(error) => self.events.record(&failed("select targets", &error)),
        }
    }

    /// Targets to which nothing is done reach the desired phase at once, as upstream.
    fn pass_over_untouched_targets(&mut self, desired: DesiredPhase) {
        for record in self.state.records.iter_mut().filter(|record| record.fault.is_none()) {
            let Some(operation) = record.due(desired) else {
                continue;
            };
            record.succeeded(operation, self.now);
            self.events.record(&done(operation, &record.record.id));
        }
    }

    /// Marks as busy, and lists, what is due now on targets that nobody else is working on.
    fn start_due(
        &mut self,
        desired: DesiredPhase,
        busy: &mut BTreeSet<String>,
    ) -> Vec<(usize, Operation)> {
        let mut due = Vec::new();
        for (index, record) in self.state.records.iter_mut().enumerate() {
            let waiting = record.busy || record.retry_at.is_some_and(|at| at > self.now);
            let Some(operation) = record.due(desired).filter(|_| !waiting) else {
                continue;
            };
            if busy.insert(record.record.id.clone()) {
                record.busy = true;
                due.push((index, operation));
            }
        }
        due
    }

    /// When this experiment has to be looked at again: at its end, and when a failed attempt may be
    /// repeated.
    fn next_look(&self, desired: DesiredPhase, end: Option<Timestamp>) -> Option<Timestamp> {
        let idle = self.state.records.iter().filter(|record| !record.busy);
        let retries = idle
            .filter(|record| record.due(desired).is_some())
            .filter_map(|record| record.retry_at);
        retries.chain(end).filter(|at| *at > self.now).min()
    }
}

/// The event for an operation that was done on the target with this record id.
pub(super) fn done(operation: Operation, id: &str) -> EventKind<'_> {
    match operation {
        Operation::Apply => EventKind::Applied(id),
        Operation::Recover => EventKind::Recovered(id),
    }
}

/// The event for something that could not be done.
pub(super) fn failed<'a>(activity: &'static str, error: &'a str) -> EventKind<'a> {
    EventKind::Failed { source: "records", activity, error }
}
