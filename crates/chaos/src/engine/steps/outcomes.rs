//! Takes in how operations on targets went.

use jiff::Timestamp;

use super::experiment::{done, failed};
use crate::engine::action::{Action, Outcome};
use crate::engine::event_kind::{EventKind, Field};
use crate::engine::key::Key;
use crate::engine::object::ObjectState;
use crate::engine::state::EngineState;
use crate::snapshot::Operation;

/// Takes in how actions went.
pub(in crate::engine) fn record_outcomes(
    engine: &mut EngineState,
    outcomes: Vec<(Action, Outcome)>,
    now: Timestamp,
) {
    let mut updated: Vec<Key> = Vec::new();
    for (action, outcome) in outcomes {
        engine.busy.remove(&action.target.to_string());
        let Some(id) = update_record(engine, &action, &outcome, now) else {
            continue;
        };
        let (key, operation) = (action.key, action.operation);
        let event = match &outcome {
            Ok(_) => done(operation, &id),
            Err(failure) => failed(activity(operation), &failure.message),
        };
        engine.record(&key, &event, now);
        for cut in outcome.iter().flatten() {
            engine.record(&key, &EventKind::Clamped { id: &id, cut }, now);
        }
        if !updated.contains(&key) {
            updated.push(key);
        }
    }
    for key in updated {
        engine.record(&key, &EventKind::Updated(Field::Records), now);
    }
}

/// The id of the record; `None` when its experiment is gone, or replaced by another of its name.
fn update_record(
    engine: &mut EngineState,
    action: &Action,
    outcome: &Outcome,
    now: Timestamp,
) -> Option<String> {
    let object = engine.objects.get_mut(&action.key).filter(|object| object.uid == action.uid)?;
    let ObjectState::Experiment(state) = &mut object.state else {
        return None;
    };
    let record = state.records.get_mut(action.record)?;
    match outcome {
        Ok(_) => record.succeeded(action.operation, now),
        Err(failure) => record.failed(action.operation, &failure.message, failure.partial, now),
    }
    Some(record.record.id.clone())
}

fn activity(operation: Operation) -> &'static str {
    match operation {
        Operation::Apply => "apply chaos",
        Operation::Recover => "recover chaos",
    }
}
