//! The life of an experiment, step by step as Chaos Mesh's controllers take them: finalizer,
//! desired phase, records, finalizer again. Targets are selected once; pods born later are not hit.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rand::Rng;

use super::action::{Action, Done};
use super::entry::{Entry, State};
use super::events::Happening;
use super::experiment::{ExperimentState, Slot};
use super::targets::{Chosen, select};
use super::world::{Key, World};
use crate::kind::Side;
use crate::snapshot::{DesiredPhase, Operation};
use crate::target::{Pod, Target};

impl World {
    /// Takes one experiment as far as it gets without waiting.
    pub(super) fn step_experiment(
        &mut self,
        key: &Key,
        now: Timestamp,
        pods: &dyn Fn() -> Vec<Pod>,
        actions: &mut Vec<Action>,
    ) {
        let Some(entry) = self.objects.get_mut(key) else {
            return;
        };
        let Entry {
            meta,
            uid,
            created,
            deleted,
            owner,
            state: State::Experiment(state),
            wake,
            gone,
            ..
        } = entry
        else {
            return;
        };
        let events = &mut self.events;
        let made_by = owner.as_ref().map(|owner| &owner.object);
        let mut tell = |happening: Happening<'_>| events.record(key, uid, made_by, &happening, now);

        let deleted = deleted.is_some();
        if !deleted {
            add_finalizer(state, &mut tell);
        }
        let end = state.end(*created, owner.as_ref(), self.default_maximum);
        let desired =
            decide(state, desired_phase(deleted, end, meta.paused(), now), deleted, &mut tell);
        if !deleted {
            tell_refusal(state, &mut tell);
            select_once(state, &meta.namespace, pods, &mut self.rng, &mut tell);
        }
        settle_idle(state, desired, now, &mut tell);
        let until = owner.as_ref().and_then(|owner| owner.until);
        // An experiment that somebody else will delete lapses by then, whatever becomes of the
        // engine.
        let expires = end.map(|end| until.map_or(end, |until| until.min(end)));
        for (slot, operation) in start_due(state, desired, &mut self.busy, now) {
            let begun = &state.slots[slot];
            let Some(fault) = &begun.fault else { continue };
            actions.push(Action {
                key: key.clone(),
                uid: uid.clone(),
                slot,
                side: begun.side,
                operation,
                fault: fault.clone(),
                target: begun.target.clone(),
                expires,
            });
        }
        if deleted && state.clear() {
            remove_finalizer(state, &mut tell);
            *gone = true;
        }
        *wake = next_look(state, desired, end, now);
    }

    /// Takes in how actions went.
    pub(super) fn settle(&mut self, outcomes: Vec<(Action, Done)>, now: Timestamp) {
        let mut updated: Vec<(Key, String)> = Vec::new();
        for (action, outcome) in outcomes {
            self.busy.remove(&action.target.to_string());
            let Some(entry) =
                self.objects.get_mut(&action.key).filter(|entry| entry.uid == action.uid)
            else {
                continue;
            };
            let State::Experiment(state) = &mut entry.state else {
                continue;
            };
            let Some(slot) = state.slots.get_mut(action.slot) else {
                continue;
            };
            let id = slot.record.id.clone();
            match (&outcome, action.operation) {
                (Ok(_), operation) => slot.succeeded(operation, now),
                (Err(failure), operation) => {
                    slot.failed(operation, &failure.message, failure.partial, now)
                }
            }
            let happening = match (&outcome, action.operation) {
                (Ok(_), Operation::Apply) => Happening::Applied(&id),
                (Ok(_), Operation::Recover) => Happening::Recovered(&id),
                (Err(failure), Operation::Apply) => Happening::Failed {
                    source: "records",
                    activity: "apply chaos",
                    error: &failure.message,
                },
                (Err(failure), Operation::Recover) => Happening::Failed {
                    source: "records",
                    activity: "recover chaos",
                    error: &failure.message,
                },
            };
            self.tell(&action.key, &action.uid, &happening, now);
            for cut in outcome.iter().flatten() {
                let clamped = Happening::Clamped { id: &id, cut };
                self.tell(&action.key, &action.uid, &clamped, now);
            }
            let object = (action.key, action.uid);
            if !updated.contains(&object) {
                updated.push(object);
            }
        }
        for (key, uid) in updated {
            self.tell(&key, &uid, &Happening::Updated("records"), now);
        }
    }
}

/// Whoever writes events down.
type Tell<'a> = dyn FnMut(Happening<'_>) + 'a;

fn add_finalizer(state: &mut ExperimentState, tell: &mut Tell<'_>) {
    if !std::mem::replace(&mut state.finalizer, true) {
        tell(Happening::FinalizerInited);
        tell(Happening::Updated("finalizer"));
    }
}

fn remove_finalizer(state: &mut ExperimentState, tell: &mut Tell<'_>) {
    if std::mem::replace(&mut state.finalizer, false) {
        tell(Happening::FinalizerRemoved);
        tell(Happening::Updated("finalizer"));
    }
}

/// Takes over the desired phase; a change is told, and is an occasion to select targets again.
fn decide(
    state: &mut ExperimentState,
    (desired, reason): (DesiredPhase, Happening<'_>),
    deleted: bool,
    tell: &mut Tell<'_>,
) -> DesiredPhase {
    if state.desired.replace(desired) != Some(desired) {
        // A one-shot starts without a word, as upstream.
        if deleted || !state.chaos.one_shot() {
            tell(reason);
        }
        tell(Happening::Updated("desiredPhase"));
        state.select_again();
    }
    desired
}

/// Says once which field this stage cannot do.
fn tell_refusal(state: &mut ExperimentState, tell: &mut Tell<'_>) {
    if let (Err(refusal), false) = (&state.fault, state.refusal_told) {
        tell(Happening::Failed { source: "records", activity: "apply chaos", error: refusal });
        state.refusal_told = true;
    }
}

/// Selects the targets if there are none yet and something has happened since the last attempt.
fn select_once(
    state: &mut ExperimentState,
    namespace: &str,
    pods: &dyn Fn() -> Vec<Pod>,
    rng: &mut impl Rng,
    tell: &mut Tell<'_>,
) {
    let refused = state.fault.is_err();
    if !state.slots.is_empty() || refused || !std::mem::replace(&mut state.select, false) {
        return;
    }
    let Ok(fault) = state.fault.clone() else {
        return;
    };
    match select(state.chaos.as_ref(), namespace, &pods(), rng) {
        Ok(chosen) => {
            let slots = |side, targets: &[Target], others: &[Target]| -> Vec<Slot> {
                let fault = state.chaos.aimed(&fault, side, others);
                targets
                    .iter()
                    .map(|target| Slot::new(target.clone(), side, fault.clone()))
                    .collect()
            };
            let Chosen { selected, others } = chosen;
            let mut all = slots(Side::Selected, &selected, &others);
            all.extend(slots(Side::Other, &others, &selected));
            state.slots = all;
        }
        Err(error) => {
            tell(Happening::Failed { source: "records", activity: "select targets", error: &error })
        }
    }
}

/// Targets to which nothing is done reach the desired phase at once, as upstream.
fn settle_idle(
    state: &mut ExperimentState,
    desired: DesiredPhase,
    now: Timestamp,
    tell: &mut Tell<'_>,
) {
    for slot in state.slots.iter_mut().filter(|slot| slot.fault.is_none()) {
        let Some(operation) = slot.due(desired) else {
            continue;
        };
        slot.succeeded(operation, now);
        tell(match operation {
            Operation::Apply => Happening::Applied(&slot.record.id),
            Operation::Recover => Happening::Recovered(&slot.record.id),
        });
    }
}

/// Marks as busy, and lists, what is due now on targets that nobody else is working on.
fn start_due(
    state: &mut ExperimentState,
    desired: DesiredPhase,
    busy: &mut BTreeSet<String>,
    now: Timestamp,
) -> Vec<(usize, Operation)> {
    let mut due = Vec::new();
    for (index, slot) in state.slots.iter_mut().enumerate() {
        let waiting = slot.busy || slot.retry_at.is_some_and(|at| at > now);
        let Some(operation) = slot.due(desired).filter(|_| !waiting) else {
            continue;
        };
        if busy.insert(slot.record.id.clone()) {
            slot.busy = true;
            due.push((index, operation));
        }
    }
    due
}

/// Deletion beats one-shot, one-shot beats duration, duration beats pause.
fn desired_phase(
    deleted: bool,
    end: Option<Timestamp>,
    paused: bool,
    now: Timestamp,
) -> (DesiredPhase, Happening<'static>) {
    match end {
        _ if deleted => (DesiredPhase::Stop, Happening::Deleted),
        None => (DesiredPhase::Run, Happening::Started),
        Some(end) if end <= now => (DesiredPhase::Stop, Happening::TimeUp),
        Some(_) if paused => (DesiredPhase::Stop, Happening::Paused),
        Some(_) => (DesiredPhase::Run, Happening::Started),
    }
}

/// When this experiment has to be looked at again: at its end, and when a failed attempt may be
/// repeated.
fn next_look(
    state: &ExperimentState,
    desired: DesiredPhase,
    end: Option<Timestamp>,
    now: Timestamp,
) -> Option<Timestamp> {
    let retries = state
        .slots
        .iter()
        .filter(|slot| !slot.busy && slot.due(desired).is_some())
        .filter_map(|slot| slot.retry_at);
    retries.chain(end).filter(|at| *at > now).min()
}
