//! What a Schedule knows of its experiments: which there are, what was recorded about them, and
//! which of them may go.

use jiff::Timestamp;

use crate::document::Scheduled;
use crate::engine::event_kind::{EventKind, Field};
use crate::engine::key::Key;
use crate::engine::object::{ObjectState, StoredObject};
use crate::engine::schedule::{ScheduleState, Topic};
use crate::engine::state::EngineState;
use crate::schedule::{Child, Schedule};

/// The label by which a Schedule knows its experiments (in all namespaces, as upstream).
pub(super) const MANAGED_BY: &str = "managed-by";

/// The experiments of a Schedule, oldest first.
pub(super) fn children(
    engine: &EngineState,
    key: &Key,
    schedule: &Schedule<Scheduled>,
) -> Vec<Key> {
    let mine = |object: &StoredObject| {
        object.meta.labels.get(MANAGED_BY) == Some(&key.name) && !object.gone
    };
    let mut children: Vec<(Timestamp, &Key)> = engine
        .objects
        .iter()
        .filter(|(child, object)| child.kind == schedule.child.kind() && mine(object))
        .map(|(child, object)| (object.created, child))
        .collect();
    children.sort();
    children.into_iter().map(|(_, child)| child.clone()).collect()
}

/// Deletes the oldest experiments beyond the history limit, except those whose duration still runs.
pub(super) fn collect_garbage(
    engine: &mut EngineState,
    key: &Key,
    schedule: &Schedule<Scheduled>,
    now: Timestamp,
) {
    let children = children(engine, key, schedule);
    let limit = schedule.history_limit.unwrap_or(0) as usize;
    let excess = children.len().saturating_sub(limit);
    for child in &children[..excess] {
        match running(&engine.objects[child], schedule, now) {
            Running::Until(end) => {
                let event = EventKind::SkipHistory(&child.name);
                record_once(engine, key, Topic::SkipHistory, &child.name, &event, now);
                let wake = engine.objects[key].wake.into_iter().chain(end).min();
                engine.wake_at(key, wake);
            }
            // Upstream races here: a child that was never looked at may go before it strikes,
            // or after.
            Running::NotYet => {}
            Running::No => engine.delete(child, now),
        }
    }
}

/// Does a child still run?
enum Running {
    /// It was made just now.
    NotYet,
    /// It does, until then, as far as that is known.
    Until(Option<Timestamp>),
    /// It does not, or has no duration, which upstream takes for the same.
    No,
}

fn running(object: &StoredObject, schedule: &Schedule<Scheduled>, now: Timestamp) -> Running {
    let (state, experiment) = match (&object.state, schedule.child.experiment()) {
        (ObjectState::Workflow(state), _) if !state.accomplished() => return Running::Until(None),
        (ObjectState::Experiment(state), Some(experiment)) => (state, experiment),
        _ => return Running::No,
    };
    let duration = experiment.chaos.common().parsed_duration();
    let end = duration.and_then(|duration| {
        object.created.saturating_add(duration.as_signed()).ok().filter(|end| *end > now)
    });
    match end {
        Some(end) => Running::Until(Some(end)),
        None if state.desired.is_none() => Running::NotYet,
        None => Running::No,
    }
}

/// Brings the list of experiments in the status up to date.
pub(super) fn list_active(
    engine: &mut EngineState,
    key: &Key,
    schedule: &Schedule<Scheduled>,
    now: Timestamp,
) {
    let children = children(engine, key, schedule).into_iter();
    let mut active: Vec<String> = children.map(|child| child.name).collect();
    active.sort();
    let Some(state) = schedule_state(engine, key) else { return };
    state.recorded.retain(|(_, name)| active.contains(name));
    if state.status.active != active {
        state.status.active = active;
        engine.record(key, &EventKind::Updated(Field::Active), now);
    }
}

/// Writes an event about a child down, unless one of that topic was written down before.
pub(super) fn record_once(
    engine: &mut EngineState,
    key: &Key,
    topic: Topic,
    child: &str,
    event: &EventKind<'_>,
    now: Timestamp,
) {
    let first =
        schedule_state(engine, key).map(|state| state.recorded.insert((topic, child.to_owned())));
    if first == Some(true) {
        engine.record(key, event, now);
    }
}

pub(super) fn schedule_state<'a>(
    engine: &'a mut EngineState,
    key: &Key,
) -> Option<&'a mut ScheduleState> {
    match &mut engine.objects.get_mut(key)?.state {
        ObjectState::Schedule(state) => Some(state),
        _ => None,
    }
}
