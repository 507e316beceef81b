//! Whether chaos that was applied does anything. `kubectl apply` says "created" whatever becomes of
//! an object; on a stage the answer is a matter of milliseconds, so it is waited for.

use std::time::Duration;

use chaos::document::Document;
use chaos::snapshot::{Event, Object, Severity, Snapshot};

use crate::{Stage, StageError, StageKind, wait_for_chaos};

/// What is known of an experiment.
enum Verdict {
    /// It does what its document asks for, or will when its time comes.
    Begun,
    /// It does nothing, and will not by itself.
    Never(String),
    /// Not yet.
    Later(String),
}

/// Waits until what `document` asks for has begun: an experiment is injected, a Workflow has
/// started; a Schedule, a StatusCheck and what is paused are waited for no longer.
///
/// # Errors
/// [`StageError::NotInjected`] at once when there is nobody to hit, or what is to be hit does not
/// exist; otherwise after `within`, with the last reason. The stage is down or does not answer.
pub async fn wait_until_begun(
    stage: &dyn Stage,
    document: &Document,
    within: Duration,
) -> Result<Snapshot, StageError> {
    let mut last = Verdict::Later("nothing is known of it".to_owned());
    let decided = |snapshot: &Snapshot| {
        last = verdict(snapshot, document, stage.place().kind);
        !matches!(last, Verdict::Later(_))
    };
    let snapshot = wait_for_chaos(stage, within, decided).await;
    let why = match last {
        Verdict::Begun => return snapshot,
        Verdict::Never(why) => why,
        Verdict::Later(why) => format!("not within {} s: {why}", within.as_secs()),
    };
    match snapshot {
        Err(error) if !matches!(error, StageError::Chaos(_)) => Err(error),
        _ => Err(StageError::NotInjected {
            kind: document.kind().to_owned(),
            name: document.meta.name.clone(),
            why,
        }),
    }
}

fn verdict(snapshot: &Snapshot, document: &Document, kind: StageKind) -> Verdict {
    let meta = &document.meta;
    let named = |object: &&Object| {
        object.kind == document.kind()
            && object.metadata.name == meta.name
            // A stage in a cluster lives in one namespace, whichever the file says.
            && (kind == StageKind::Cluster || object.metadata.namespace == meta.namespace)
    };
    let Some(object) = snapshot.objects.iter().find(named) else {
        return Verdict::Later("the object is not there".to_owned());
    };
    // A short one may be over by now.
    let was_injected = object.records().iter().any(|record| record.injected_count > 0);
    if object.begun() || object.metadata.paused() || was_injected && !is_running(object) {
        return Verdict::Begun;
    }
    let failed = |event: &&Event| event.severity == Severity::Warning && event.reason == "Failed";
    let failure = snapshot.events_of(object).filter(failed).last();
    match failure {
        Some(event) if event.message.starts_with(SELECTION) => {
            Verdict::Never(event.message[SELECTION.len()..].to_owned())
        }
        None if !is_running(object) => {
            Verdict::Never("its duration is over before it begins".to_owned())
        }
        Some(event) => Verdict::Later(event.message.clone()),
        None => Verdict::Later("it is not injected yet".to_owned()),
    }
}

/// How the event begins that says why nobody was selected; nothing tries again by itself.
const SELECTION: &str = "Failed to select targets: ";

fn is_running(object: &Object) -> bool {
    use chaos::snapshot::{DesiredPhase, Status};
    match &object.status {
        Status::Experiment(status) => status.experiment.desired_phase != Some(DesiredPhase::Stop),
        _ => true,
    }
}
