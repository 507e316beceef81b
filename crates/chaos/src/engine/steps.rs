//! The rules that move the engine's state: what happens when everything is looked at once.
//!
//! Each kind of object has its rules in a file of its own: [`experiment`] with [`outcomes`],
//! [`schedule`] with [`children`], [`workflow`] and [`status_check`].

mod children;
mod experiment;
mod outcomes;
mod schedule;
mod status_check;
mod workflow;

use jiff::Timestamp;

use super::action::Action;
use super::object::ObjectState;
use super::state::EngineState;
use crate::target::Pod;

pub(super) use outcomes::record_outcomes;
pub(super) use status_check::record_answer;

/// A Schedule may make a Workflow, and that a Schedule: both are looked at so many times in a
/// round.
const LAYERS: usize = 2;

/// Looks at everything once, and returns what has to be done to targets. `pods` is asked only when
/// targets have to be selected.
pub(super) fn reconcile(
    engine: &mut EngineState,
    now: Timestamp,
    pods: &dyn Fn() -> Vec<Pod>,
) -> Vec<Action> {
    let mut actions = Vec::new();
    // Experiments and checks first, so that one that ends at this moment is over before its
    // Schedule or Workflow looks; then these; then what they made, paused or deleted.
    step_experiments(engine, now, pods, &mut actions);
    step_status_checks(engine, now);
    for _ in 0..LAYERS {
        for key in engine.keys(|state| matches!(state, ObjectState::Workflow(_))) {
            workflow::step(engine, &key, now);
        }
        for key in engine.keys(|state| matches!(state, ObjectState::Schedule(_))) {
            schedule::step(engine, &key, now);
        }
    }
    step_status_checks(engine, now);
    step_experiments(engine, now, pods, &mut actions);
    engine.objects.retain(|_, object| !object.gone);
    actions
}

fn step_experiments(
    engine: &mut EngineState,
    now: Timestamp,
    pods: &dyn Fn() -> Vec<Pod>,
    actions: &mut Vec<Action>,
) {
    for key in engine.keys(|state| matches!(state, ObjectState::Experiment(_))) {
        experiment::step(engine, &key, now, pods, actions);
    }
}

fn step_status_checks(engine: &mut EngineState, now: Timestamp) {
    for key in engine.keys(|state| matches!(state, ObjectState::StatusCheck(_))) {
        status_check::step(engine, &key, now);
    }
}
