//! The life of a Schedule: making experiments when a tick is due, passing on a pause, forgetting
//! old ones.

use jiff::Timestamp;

use super::children::{
    MANAGED_BY, children, collect_garbage, list_active, record_once, schedule_state,
};
use crate::document::{ObjectMeta, Scheduled};
use crate::engine::clock::whole_second;
use crate::engine::event_kind::{EventKind, Field};
use crate::engine::key::Key;
use crate::engine::object::{ObjectState, Owner, StoredObject};
use crate::engine::schedule::{Due, Topic};
use crate::engine::state::EngineState;
use crate::kinds;
use crate::schedule::{ConcurrencyPolicy, Schedule};
use crate::snapshot;

const TOO_MANY_MISSED: &str = "too many missed start time (> 100). Set or decrease .spec.startingDeadlineSeconds or check clock skew";

/// Takes one Schedule as far as it gets without waiting.
pub(super) fn step(engine: &mut EngineState, key: &Key, now: Timestamp) {
    let Some(object) = engine.objects.get(key) else {
        return;
    };
    let ObjectState::Schedule(state) = &object.state else {
        return;
    };
    let (paused, schedule) = (object.meta.paused(), state.schedule.clone());
    if object.deleted.is_some() {
        delete(engine, key, now);
        return;
    }
    pass_on_pause(engine, key, &schedule, paused, now);
    engine.wake_at(key, None);
    if !paused {
        fire(engine, key, &schedule, now);
    }
    collect_garbage(engine, key, &schedule, now);
    list_active(engine, key, &schedule, now);
}

/// A Schedule takes its experiments with it.
fn delete(engine: &mut EngineState, key: &Key, now: Timestamp) {
    let Some(object) = engine.objects.get_mut(key) else {
        return;
    };
    object.gone = true;
    let uid = object.uid.clone();
    for child in engine.objects.values_mut().filter(|child| child.is_owned_by(&uid)) {
        child.deleted.get_or_insert(now);
    }
}

/// Experiments pause with their Schedule; Workflows cannot.
fn pass_on_pause(
    engine: &mut EngineState,
    key: &Key,
    schedule: &Schedule<Scheduled>,
    paused: bool,
    now: Timestamp,
) {
    for child in children(engine, key, schedule) {
        match &schedule.child {
            Scheduled::Workflow(_) if paused => {
                let event = EventKind::NotPausable(schedule.child.kind());
                record_once(engine, key, Topic::NotPausable, &child.name, &event, now);
            }
            Scheduled::Workflow(_) => {}
            Scheduled::Experiment(_) => {
                let child = engine.objects.get_mut(&child);
                if let Some(child) = child.filter(|child| child.meta.paused() != paused) {
                    child.set_paused(paused);
                }
            }
        }
    }
}

/// Makes an experiment if a tick is due and the policy allows it.
fn fire(engine: &mut EngineState, key: &Key, schedule: &Schedule<Scheduled>, now: Timestamp) {
    let Some(created) = engine.objects.get(key).map(|object| object.created) else {
        return;
    };
    let Some(state) = schedule_state(engine, key) else {
        return;
    };
    match state.due(created, now) {
        Due::Nothing(next) => engine.wake_at(key, next),
        Due::TooMany => {
            if !std::mem::replace(&mut state.stuck, true) {
                let failed = EventKind::Failed {
                    source: "schedule-cron",
                    activity: "get run time",
                    error: TOO_MANY_MISSED,
                };
                engine.record(key, &failed, now);
            }
        }
        Due::Tick => match unfinished_child(engine, key, schedule, now) {
            Some(child) if schedule.concurrency_policy == ConcurrencyPolicy::Forbid => {
                // The tick is caught up with when that experiment finishes, which brings us here
                // again.
                let event = EventKind::Forbid(&child);
                record_once(engine, key, Topic::Forbid, &child, &event, now);
            }
            _ => spawn(engine, key, schedule, now),
        },
    }
}

fn spawn(engine: &mut EngineState, key: &Key, schedule: &Schedule<Scheduled>, now: Timestamp) {
    let child = engine.free_name(schedule.child.kind(), &key.namespace, &key.name);
    let meta = ObjectMeta {
        name: child.name.clone(),
        namespace: child.namespace.clone(),
        labels: [(MANAGED_BY.to_owned(), key.name.clone())].into(),
        annotations: [].into(),
    };
    let object = &engine.objects[key];
    let owner = Owner {
        object: snapshot::Owner { kind: kinds::SCHEDULE.to_owned(), name: key.name.clone() },
        uid: object.uid.clone(),
        until: object.until(),
    };
    engine.record(key, &EventKind::Spawned(&child.name), now);
    let (body, spec) = (schedule.child.body(), schedule.payload.clone());
    engine.insert(child, meta, &body, spec, Some(owner), now);
    // The moment, not the tick: that is why `@every` drifts.
    let time = whole_second(now);
    if let Some(state) = schedule_state(engine, key) {
        state.status.time = Some(time);
    }
    engine.wake_at(key, schedule.cron.next(time));
    engine.record(key, &EventKind::Updated(Field::LastScheduleTime), now);
}

fn unfinished_child(
    engine: &EngineState,
    key: &Key,
    schedule: &Schedule<Scheduled>,
    now: Timestamp,
) -> Option<String> {
    let unfinished = |child: &Key| {
        let object: &StoredObject = &engine.objects[child];
        match &object.state {
            ObjectState::Experiment(state) => {
                let end = state.end(object.created, object.until(), engine.default_maximum);
                !state.finished(end, now)
            }
            ObjectState::Workflow(state) => !state.accomplished(),
            ObjectState::Schedule(_) | ObjectState::StatusCheck(_) => false,
        }
    };
    children(engine, key, schedule).into_iter().find(unfinished).map(|child| child.name)
}
