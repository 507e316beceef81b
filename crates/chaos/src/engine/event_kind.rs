//! What can happen to an object, in the words of Chaos Mesh: what people read here is what they
//! will read in a cluster.

use std::fmt;

use crate::snapshot::Severity;

/// What can happen; reason, source and sentence follow from it.
#[derive(Debug)]
pub(super) enum EventKind<'a> {
    FinalizerInited,
    FinalizerRemoved,
    Started,
    TimeUp,
    Paused,
    Deleted,
    Applied(&'a str),
    Recovered(&'a str),
    /// Injected, but less of it than the document asks for. Upstream has no budget, so it has no
    /// such event either.
    Clamped {
        id: &'a str,
        cut: &'a str,
    },
    Updated(Field),
    Failed {
        source: &'static str,
        activity: &'static str,
        error: &'a str,
    },
    Spawned(&'a str),
    Forbid(&'a str),
    SkipHistory(&'a str),
    NotPausable(&'static str),
    Workflow {
        reason: &'static str,
        message: String,
    },
    StatusCheck {
        severity: Severity,
        reason: &'static str,
        message: String,
    },
}

/// A part of an object that a controller writes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Field {
    Finalizer,
    DesiredPhase,
    Records,
    Active,
    LastScheduleTime,
}

impl Field {
    fn name(self) -> &'static str {
        match self {
            Self::Finalizer => "finalizer",
            Self::DesiredPhase => "desiredPhase",
            Self::Records => "records",
            Self::Active => "active",
            Self::LastScheduleTime => "lastScheduleTime",
        }
    }

    fn source(self) -> &'static str {
        match self {
            Self::Finalizer => "initFinalizers",
            Self::DesiredPhase => "desiredphase",
            Self::Records => "records",
            Self::Active => "schedule-active",
            Self::LastScheduleTime => "schedule-cron",
        }
    }
}

impl EventKind<'_> {
    pub(super) fn reason(&self) -> &'static str {
        match self {
            // Upstream writes the removal under the reason of the addition.
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
            Self::Workflow { reason, .. } | Self::StatusCheck { reason, .. } => reason,
        }
    }

    pub(super) fn source(&self) -> &'static str {
        match self {
            Self::FinalizerInited => "initFinalizers",
            Self::FinalizerRemoved => "cleanFinalizers",
            Self::Started | Self::TimeUp | Self::Paused | Self::Deleted => "desiredphase",
            Self::Applied(_) | Self::Recovered(_) | Self::Clamped { .. } => "records",
            Self::Updated(field) => field.source(),
            Self::Failed { source, .. } => source,
            Self::Spawned(_) | Self::Forbid(_) => "schedule-cron",
            Self::SkipHistory(_) => "schedule-gc",
            Self::NotPausable(_) => "schedule-pause",
            Self::Workflow { .. } => "workflow",
            Self::StatusCheck { .. } => "statuscheck",
        }
    }

    pub(super) fn severity(&self) -> Severity {
        match self {
            Self::Failed { .. }
            | Self::Clamped { .. }
            | Self::Forbid(_)
            | Self::SkipHistory(_)
            | Self::NotPausable(_) => Severity::Warning,
            Self::StatusCheck { severity, .. } => *severity,
            _ => Severity::Normal,
        }
    }
}

impl fmt::Display for EventKind<'_> {
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
            Self::Updated(field) => {
                write!(out, "Successfully update {} of resource", field.name())
            }
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
            Self::Workflow { message, .. } | Self::StatusCheck { message, .. } => {
                out.write_str(message)
            }
        }
    }
}
