//! The life of a Workflow: carries out what its steps want done.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::document::ObjectMeta;
use crate::engine::event_kind::EventKind;
use crate::engine::key::Key;
use crate::engine::object::{ObjectState, Owner, StoredObject};
use crate::engine::state::EngineState;
use crate::engine::workflow::interface::{Command, Inputs};
use crate::engine::workflow::{Embedded, WorkflowState};
use crate::kinds;
use crate::snapshot;
use crate::workflow::ABORT_ANNOTATION;

/// Labels by which Chaos Mesh marks what a workflow has made.
const CONTROLLED_BY: &str = "chaos-mesh.org/controlled-by";
const OF_WORKFLOW: &str = "chaos-mesh.org/workflow";

/// Takes one workflow as far as it gets without waiting.
pub(super) fn step(engine: &mut EngineState, key: &Key, now: Timestamp) {
    let Some(object) = engine.objects.get(key) else {
        return;
    };
    if object.deleted.is_some() {
        delete(engine, key, now);
        return;
    }
    // An abort may end steps that have been looked at already, so it is looked at once more.
    while advance(engine, key, now) {}
    let wake = workflow_state(engine, key).and_then(|state| state.wake());
    engine.wake_at(key, wake.filter(|at| *at > now));
}

/// A workflow goes when everything that it has made is gone: until then its faults may be in place.
fn delete(engine: &mut EngineState, key: &Key, now: Timestamp) {
    let Some(uid) = engine.objects.get(key).map(|object| object.uid.clone()) else {
        return;
    };
    let mut left = false;
    for made in engine.objects.values_mut() {
        if made.is_owned_by(&uid) && !made.gone {
            made.deleted.get_or_insert(now);
            left = true;
        }
    }
    if let Some(object) = engine.objects.get_mut(key) {
        object.gone = !left;
        object.wake = None;
    }
}

/// Is there more to be done?
fn advance(engine: &mut EngineState, key: &Key, now: Timestamp) -> bool {
    let succeeded: BTreeMap<Key, bool> = engine
        .objects
        .iter()
        .filter_map(|(check, object)| match &object.state {
            ObjectState::StatusCheck(state) => Some((check.clone(), state.succeeded()?)),
            _ => None,
        })
        .collect();
    let Some(StoredObject { meta, state: ObjectState::Workflow(state), .. }) =
        engine.objects.get_mut(key)
    else {
        return false;
    };
    let aborted = meta.annotations.get(ABORT_ANNOTATION).is_some_and(|value| value == "true");
    let check_succeeded = |check: &Key| succeeded.get(check).copied();
    let inputs = Inputs { now, name: &key.name, aborted, check_succeeded: &check_succeeded };
    let commands = state.advance(&inputs, &mut engine.rng);
    let more = !commands.is_empty();
    for command in commands {
        carry_out(engine, key, command, now);
    }
    more
}

fn carry_out(engine: &mut EngineState, key: &Key, command: Command, now: Timestamp) {
    match command {
        Command::Record(event) => engine.record(key, &event, now),
        Command::Refuse(error) => {
            let activity = "start workflow";
            let failed = EventKind::Failed { source: "workflow", activity, error: &error };
            engine.record(key, &failed, now);
        }
        Command::Create(index) => create(engine, key, index, now),
        Command::Delete(made) => {
            engine.delete(&made, now);
            let name = &made.name;
            let deleted = if made.kind == kinds::STATUS_CHECK {
                event("StatusCheckDeleted", format!("status check {name} deleted"))
            } else {
                event("ChaosCRDeleted", format!("chaos CR {name} deleted"))
            };
            engine.record(key, &deleted, now);
        }
        Command::Abort => {
            if let Some(object) = engine.objects.get_mut(key) {
                object.meta.annotations.insert(ABORT_ANNOTATION.to_owned(), "true".to_owned());
            }
        }
    }
}

/// Creates what a step embeds.
fn create(engine: &mut EngineState, key: &Key, index: usize, now: Timestamp) {
    let Some(object) = engine.objects.get(key) else {
        return;
    };
    let ObjectState::Workflow(state) = &object.state else {
        return;
    };
    let Some(Embedded { body, spec, node, until }) = state.embedded(index) else {
        return;
    };
    let owner = Owner {
        object: snapshot::Owner { kind: kinds::WORKFLOW.to_owned(), name: key.name.clone() },
        uid: object.uid.clone(),
        until,
    };
    let made = engine.free_name(body.kind(), &key.namespace, &node);
    let labels =
        [(CONTROLLED_BY.to_owned(), node), (OF_WORKFLOW.to_owned(), key.name.clone())].into();
    let meta = ObjectMeta {
        name: made.name.clone(),
        namespace: made.namespace.clone(),
        labels,
        annotations: [].into(),
    };
    let created = if made.kind == kinds::STATUS_CHECK {
        event("StatusCheckCreated", format!("status check {} created", made.name))
    } else {
        event("ChaosCRCreated", format!("chaos CR {} created", made.name))
    };
    engine.insert(made.clone(), meta, &body, spec, Some(owner), now);
    if let Some(state) = workflow_state(engine, key) {
        state.set_made(index, made);
    }
    engine.record(key, &created, now);
}

fn event(reason: &'static str, message: String) -> EventKind<'static> {
    EventKind::Workflow { reason, message }
}

fn workflow_state<'a>(engine: &'a mut EngineState, key: &Key) -> Option<&'a mut WorkflowState> {
    match &mut engine.objects.get_mut(key)?.state {
        ObjectState::Workflow(state) => Some(state),
        _ => None,
    }
}
