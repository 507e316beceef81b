//! Events in the words of Chaos Mesh, so that what a room reads here is what it will read in a
//! cluster.

use std::collections::VecDeque;
use std::fmt;

use jiff::Timestamp;

use super::world::Key;
use crate::snapshot::{Event, Owner, Severity};

/// Events kept; the oldest are forgotten first, like Kubernetes forgets them after an hour.
const MAX_EVENTS: usize = 10_000;

/// How far back an equal event is looked for, to count it instead of repeating it.
const AGGREGATION_WINDOW: usize = 64;

/// What can happen; reason, source and sentence follow from it.
#[derive(Debug)]
pub(super) enum Happening<'a> {
    FinalizerInited,
    FinalizerRemoved,
    Started,
    TimeUp,
    Paused,
    Deleted,
    Applied(&'a str),
    Recovered(&'a str),
    /// Injected, but less of it than the document asks for. Upstream has no budget, so no such
    /// event either.
    Clamped {
        id: &'a str,
        cut: &'a str,
    },
    Updated(&'static str),
    Failed {
        source: &'static str,
        activity: &'static str,
        error: &'a str,
    },
    Spawned(&'a str),
    Forbid(&'a str),
    SkipHistory(&'a str),
    NotPausable(&'static str),
    Other(Told),
}

/// Something that a Workflow or a StatusCheck has to tell.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) warning: bool,
    pub(super) reason: &'static str,
    pub(super) source: &'static str,
    pub(super) message: String,
}

impl Happening<'_> {
    fn reason(&self) -> &'static str {
        match self {
            // Upstream tells the removal under the reason of the addition.
            Self::FinalizerInited | Self::FinalizerRemoved => "FinalizerInited",
            Self::Started => "Started",
            Self::TimeUp => "TimeUp",
            Self::Paused => "Paused",
            Self::Deleted => "Deleted",
            Self::Applied(_) => "Applied",
            Self::Recovered(_) => "Recovered",
            Self::Clamped { .. } => "Clamped",
            Self::Updated(_) => "Updated",
            Self::Failed { .. } => "Failed",
            Self::Spawned(_) => "Spawned",
            Self::Forbid(_) => "Forbid",
            Self::SkipHistory(_) => "Skip",
            Self::NotPausable(_) => "NotSupported",
            Self::Other(told) => told.reason,
        }
    }

    fn source(&self) -> &'static str {
        match self {
            Self::FinalizerInited | Self::Updated("finalizer") => "initFinalizers",
            Self::FinalizerRemoved => "cleanFinalizers",
            Self::Started
            | Self::TimeUp
            | Self::Paused
            | Self::Deleted
            | Self::Updated("desiredPhase") => "desiredphase",
            Self::Applied(_)
            | Self::Recovered(_)
            | Self::Clamped { .. }
            | Self::Updated("records") => "records",
            Self::Failed { source, .. } => source,
            Self::Updated("active") => "schedule-active",
            Self::Spawned(_) | Self::Forbid(_) | Self::Updated(_) => "schedule-cron",
            Self::SkipHistory(_) => "schedule-gc",
            Self::NotPausable(_) => "schedule-pause",
            Self::Other(told) => told.source,
        }
    }

    fn severity(&self) -> Severity {
        match self {
            Self::Failed { .. }
            | Self::Clamped { .. }
            | Self::Forbid(_)
            | Self::SkipHistory(_)
            | Self::NotPausable(_)
            | Self::Other(Told { warning: true, .. }) => Severity::Warning,
            _ => Severity::Normal,
        }
    }
}

impl fmt::Display for Happening<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FinalizerInited => out.write_str("Finalizer has been inited"),
            Self::FinalizerRemoved => out.write_str("Finalizer has been removed"),
            Self::Started => out.write_str("Experiment has started"),
            Self::TimeUp => out.write_str("Time up according to the duration"),
            Self::Paused => out.write_str("Experiment has been paused"),
            Self::Deleted => out.write_str("Experiment has been deleted"),
            Self::Applied(id) => write!(out, "Successfully apply chaos for {id}"),
            Self::Recovered(id) => write!(out, "Successfully recover chaos for {id}"),
            Self::Clamped { id, cut } => write!(out, "This stage gave {id} {cut}"),
            Self::Updated(field) => write!(out, "Successfully update {field} of resource"),
            Self::Failed { activity, error, .. } => write!(out, "Failed to {activity}: {error}"),
            Self::Spawned(name) => write!(out, "Create new object: {name}"),
            Self::Forbid(name) => {
                write!(out, "Forbid spawning new job because: {name} is still running")
            }
            Self::SkipHistory(name) => {
                write!(out, "Skip removing history: {name} is still running")
            }
            Self::NotPausable(kind) => {
                write!(out, "pausing a {kind} schedule only stops new ones: what runs goes on")
            }
            Self::Other(told) => out.write_str(&told.message),
        }
    }
}

/// The latest events of all objects.
#[derive(Debug, Default)]
pub(super) struct EventLog(VecDeque<Event>);

impl EventLog {
    pub(super) fn record(
        &mut self,
        key: &Key,
        uid: &str,
        owner: Option<&Owner>,
        happening: &Happening<'_>,
        now: Timestamp,
    ) {
        let message = happening.to_string();
        tracing::debug!(
            kind = key.kind,
            namespace = key.namespace,
            name = key.name,
            message,
            "chaos event"
        );
        let earlier = self
            .0
            .iter_mut()
            .rev()
            .take(AGGREGATION_WINDOW)
            .find(|event| event.uid == uid && event.message == message);
        if let Some(event) = earlier {
            event.count += 1;
            event.last_timestamp = now;
            return;
        }
        if self.0.len() == MAX_EVENTS {
            self.0.pop_front();
        }
        self.0.push_back(Event {
            kind: key.kind.to_owned(),
            namespace: key.namespace.clone(),
            name: key.name.clone(),
            uid: uid.to_owned(),
            owner: owner.cloned(),
            severity: happening.severity(),
            reason: happening.reason().to_owned(),
            source: happening.source().to_owned(),
            message,
            count: 1,
            first_timestamp: now,
            last_timestamp: now,
        });
    }

    pub(super) fn all(&self) -> Vec<Event> {
        self.0.iter().cloned().collect()
    }
}
