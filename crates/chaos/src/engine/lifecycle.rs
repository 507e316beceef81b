//! The life of an experiment, step by step as Chaos Mesh's controllers take them: finalizer, desired phase, records,
//! finalizer again. Targets are selected once; pods born later are not hit.

use jiff::Timestamp;
use rand::Rng;

use super::events::Happening;
use super::experiment::{ExperimentState, Slot};
use super::status::{DesiredPhase, Operation};
use super::world::{Action, Entry, Failure, Key, State, World};
use crate::injector::{Pod, Target};
use crate::kind::{Common, Scope};

impl World {
    /// Takes one experiment as far as it gets without waiting.
    pub(super) fn step_experiment(
        &mut self,
        key: &Key,
        now: Timestamp,
        pods: &dyn Fn() -> Vec<Pod>,
        actions: &mut Vec<Action>,
    ) {
        let Self {
            objects,
            events,
            rng,
            busy,
            default_maximum,
            ..
        } = self;
        let Some(entry) = objects.get_mut(key) else {
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
        let mut tell = |happening: Happening<'_>| {
            tracing::debug!(kind = key.kind, namespace = key.namespace, name = key.name, %happening, "chaos event");
            events.record(key, uid, &happening, now);
        };

        if deleted.is_none() && !state.finalizer {
            state.finalizer = true;
            tell(Happening::FinalizerInited);
            tell(Happening::Updated("finalizer"));
        }
        let end = state.end(*created, *default_maximum);
        let (desired, reason) = desired_phase(deleted.is_some(), end, meta.paused(), now);
        if state.desired != Some(desired) {
            state.desired = Some(desired);
            // A one-shot starts without a word, as upstream.
            if deleted.is_some() || !state.chaos.one_shot() {
                tell(reason);
            }
            tell(Happening::Updated("desiredPhase"));
            state.select = true;
        }
        if let (Err(refusal), false) = (&state.fault, state.refusal_told) {
            tell(Happening::Failed {
                source: "records",
                activity: "apply chaos",
                error: refusal,
            });
            state.refusal_told = true;
        }
        if state.slots.is_empty() && state.select && state.fault.is_ok() && deleted.is_none() {
            state.select = false;
            match select(&state.chaos.common(), &meta.namespace, &pods(), rng) {
                Ok(targets) => state.slots = targets.into_iter().map(Slot::new).collect(),
                Err(error) => tell(Happening::Failed {
                    source: "records",
                    activity: "select targets",
                    error: &error,
                }),
            }
        }
        let mut begin = |slot: usize, target: &Target, operation| {
            let started = busy.insert(target.to_string());
            if let (true, Ok(fault)) = (started, &state.fault) {
                let (key, uid, fault, target) =
                    (key.clone(), uid.clone(), fault.clone(), target.clone());
                actions.push(Action {
                    key,
                    uid,
                    slot,
                    operation,
                    fault,
                    target,
                    expires: end,
                });
            }
            started
        };
        for (index, slot) in state.slots.iter_mut().enumerate() {
            let waiting = slot.busy || slot.retry_at.is_some_and(|at| at > now);
            if let (Some(operation), false) = (slot.due(desired), waiting) {
                slot.busy = begin(index, &slot.target, operation);
            }
        }
        if deleted.is_some() && state.clear() {
            if state.finalizer {
                tell(Happening::FinalizerRemoved);
                tell(Happening::Updated("finalizer"));
            }
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

/// Chooses pods by selector and mode, then the containers in them.
fn select(
    common: &Common<'_>,
    namespace: &str,
    pods: &[Pod],
    rng: &mut impl Rng,
) -> Result<Vec<Target>, String> {
    let matching = common.selector.select(namespace, pods)?;
    let parameter = common
        .mode
        .parameter(common.value)
        .map_err(|problem| problem.to_string())?;
    let chosen = common.mode.draw(parameter, matching.len(), rng);
    let targets: Vec<Target> = chosen
        .into_iter()
        .flat_map(|position| targets(common.scope, matching[position]))
        .collect();
    if targets.is_empty() {
        Err("no target has been selected".to_owned())
    } else {
        Ok(targets)
    }
}

/// The pod itself, or those of its containers that are named and exist (the first when none is named).
pub(super) fn targets(scope: Scope<'_>, pod: &Pod) -> Vec<Target> {
    let target = |container: Option<&String>| Target {
        namespace: pod.namespace.clone(),
        pod: pod.name.clone(),
        uid: pod.uid.clone(),
        container: container.cloned(),
    };
    match scope {
        Scope::Pod => vec![target(None)],
        Scope::Containers([]) => pod
            .containers
            .first()
            .into_iter()
            .map(|container| target(Some(container)))
            .collect(),
        Scope::Containers(names) => pod
            .containers
            .iter()
            .filter(|name| names.contains(name))
            .map(|container| target(Some(container)))
            .collect(),
    }
}
