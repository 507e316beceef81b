//! The life of a StatusCheck: it asks, takes in answers, and is complete at a threshold.
//!
//! The requests are sent by the engine's task, at most one of a check at a time.

use jiff::Timestamp;

use crate::engine::event_kind::EventKind;
use crate::engine::events::{Recorder, Subject};
use crate::engine::key::Key;
use crate::engine::object::{ObjectState, StoredObject};
use crate::engine::state::EngineState;
use crate::engine::status_check::{EndReason, ProbeRequest};
use crate::snapshot::{CheckOutcome, CheckRecord, Severity};
use crate::workflow::probe::ProbeAnswer;

/// Takes one check as far as it gets without waiting.
pub(super) fn step(engine: &mut EngineState, key: &Key, now: Timestamp) {
    let Some(object) = engine.objects.get_mut(key) else {
        return;
    };
    object.wake = None;
    if object.deleted.is_some() {
        object.gone = true;
        return;
    }
    let ObjectState::StatusCheck(state) = &mut object.state else {
        return;
    };
    if state.ended.is_some() {
        return;
    }
    if let Some(reason) = state.end_reason(now) {
        state.ended = Some((now, reason));
        for event in ending(reason) {
            engine.record(key, &event, now);
        }
        return;
    }
    if let Some(probe) = state.ask(now) {
        let (key, uid) = (key.clone(), object.uid.clone());
        engine.probes.push(ProbeRequest { key, uid, asked: now, probe });
    }
    object.wake = state.wake(now);
}

/// Takes in an answer, or why there was none.
pub(in crate::engine) fn record_answer(
    engine: &mut EngineState,
    request: &ProbeRequest,
    answer: &Result<ProbeAnswer, String>,
    now: Timestamp,
) {
    let Some(StoredObject { uid, owner, state: ObjectState::StatusCheck(state), .. }) =
        engine.objects.get_mut(&request.key)
    else {
        return;
    };
    if *uid != request.uid || !std::mem::replace(&mut state.asking, false) {
        return;
    }
    if state.ended.is_some() {
        return;
    }
    let owner = owner.as_ref().map(|owner| &owner.object);
    let subject = Subject { key: &request.key, uid, owner };
    let mut events = Recorder { log: &mut engine.events, subject, now };
    if let Ok(ProbeAnswer { whole: false, .. }) = answer {
        // Upstream says so in its log only.
        events.record(&warning(
            "StatusCheckAnswerDiscarded",
            "the body of the answer broke off or did not end in time, so the answer does not count"
                .to_owned(),
        ));
        return;
    }
    let outcome = match state.check.judge(answer) {
        Ok(()) => CheckOutcome::Success,
        Err(why) => {
            let message = format!("HTTP execution of status check failed: {why}");
            events.record(&warning("StatusCheckExecutionFailed", message));
            CheckOutcome::Failure
        }
    };
    state.remember(CheckRecord { start_time: request.asked, outcome });
}

/// The events of a check that is complete.
fn ending(reason: EndReason) -> [EventKind<'static>; 2] {
    let (severity, message) = match reason {
        EndReason::Duration => (Severity::Warning, "duration exceed"),
        EndReason::FailureThreshold => (Severity::Warning, "failure threshold exceed"),
        EndReason::SuccessThreshold => (Severity::Normal, "success threshold exceed"),
    };
    let reason = reason.reason();
    let completed = format!("status check completed: {reason}");
    [
        EventKind::StatusCheck { severity, reason, message: message.to_owned() },
        EventKind::StatusCheck {
            severity: Severity::Normal,
            reason: "StatusCheckCompleted",
            message: completed,
        },
    ]
}

fn warning(reason: &'static str, message: String) -> EventKind<'static> {
    EventKind::StatusCheck { severity: Severity::Warning, reason, message }
}
