//! The life of an experiment, step by step as Chaos Mesh's controllers take them: finalizer, desired phase, records,
//! finalizer again. Targets are selected once; pods born later are not hit.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use rand::Rng;

use super::action::{Action, Failure};
use super::entry::{Entry, State};
use super::events::Happening;
use super::experiment::{ExperimentState, Slot};
use super::status::{DesiredPhase, Operation};
use super::targets::select;
use super::world::{Key, World};
use crate::injector::{Fault, Pod, Target};

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
            state: State::Experiment(state),
            wake,
            gone,
            ..
        } = entry
        else {
            return;
        };
        let events = &mut self.events;
        let mut tell = |happening: Happening<'_>| events.record(key, uid, &happening, now);

        let deleted = deleted.is_some();
        if !deleted {
            add_finalizer(state, &mut tell);
        }
        let end = state.end(*created, self.default_maximum);
        let desired = decide(
            state,
            desired_phase(deleted, end, meta.paused(), now),
            deleted,
            &mut tell,
        );
        if !deleted {
            tell_refusal(state, &mut tell);
            select_once(state, &meta.namespace, pods, &mut self.rng, &mut tell);
        }
        let due = start_due(state, desired, &mut self.busy, now);
        actions.extend(due.into_iter().map(|(slot, operation, target, fault)| {
            let (key, uid) = (key.clone(), uid.clone());
            Action {
                key,
                uid,
                slot,
                operation,
                fault,
                target,
                expires: end,
            }
        }));
        if deleted && state.clear() {
            remove_finalizer(state, &mut tell);
            *gone = true;
        }
        *wake = next_look(state, desired, end, now);
    }

    /// Takes in how actions went.
    pub(super) fn settle(&mut self, outcomes: Vec<(Action, Result<(), Failure>)>, now: Timestamp) {
        let mut updated: Vec<(Key, String)> = Vec::new();
        for (action, outcome) in outcomes {
            self.busy.remove(&action.target.to_string());
            let Some(entry) = self
                .objects
                .get_mut(&action.key)
                .filter(|entry| entry.uid == action.uid)
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
                (Ok(()), operation) => slot.succeeded(operation, now),
                (Err(failure), operation) => {
                    slot.failed(operation, &failure.message, failure.partial, now)
                }
            }
            let happening = match (&outcome, action.operation) {
                (Ok(()), Operation::Apply) => Happening::Applied(&id),
                (Ok(()), Operation::Recover) => Happening::Recovered(&id),
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
        tell(Happening::Failed {
            source: "records",
            activity: "apply chaos",
            error: refusal,
        });
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
    if !state.slots.is_empty()
        || state.fault.is_err()
        || !std::mem::replace(&mut state.select, false)
    {
        return;
    }
    match select(&state.chaos.common(), namespace, &pods(), rng) {
        Ok(targets) => state.slots = targets.into_iter().map(Slot::new).collect(),
        Err(error) => tell(Happening::Failed {
            source: "records",
            activity: "select targets",
            error: &error,
        }),
    }
}

/// Marks as busy, and lists, what is due now on targets that nobody else is working on.
fn start_due(
    state: &mut ExperimentState,
    desired: DesiredPhase,
    busy: &mut BTreeSet<String>,
    now: Timestamp,
) -> Vec<(usize, Operation, Target, Arc<Fault>)> {
    let Ok(fault) = &state.fault else {
        return Vec::new();
    };
    let mut due = Vec::new();
    for (index, slot) in state.slots.iter_mut().enumerate() {
        let waiting = slot.busy || slot.retry_at.is_some_and(|at| at > now);
        let Some(operation) = slot.due(desired).filter(|_| !waiting) else {
            continue;
        };
        if busy.insert(slot.record.id.clone()) {
            slot.busy = true;
            due.push((index, operation, slot.target.clone(), fault.clone()));
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

/// When this experiment has to be looked at again: at its end, and when a failed attempt may be repeated.
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
