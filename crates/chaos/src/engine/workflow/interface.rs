//! What a Workflow has to know of the rest of the engine, and what it wants done.

use jiff::Timestamp;

use crate::engine::event_kind::EventKind;
use crate::engine::key::Key;

/// What a workflow has to know of the rest of the engine.
pub(in crate::engine) struct Inputs<'a> {
    pub(in crate::engine) now: Timestamp,
    /// The workflow's name.
    pub(in crate::engine) name: &'a str,
    /// Somebody has set the annotation.
    pub(in crate::engine) aborted: bool,
    /// Did a check that was made succeed? `None` while it is under way.
    pub(in crate::engine) check_succeeded: &'a dyn Fn(&Key) -> Option<bool>,
}

/// Something to be done for a workflow.
pub(in crate::engine) enum Command {
    /// Write this event down.
    Record(EventKind<'static>),
    /// Write down that the workflow cannot be played.
    Refuse(String),
    /// Create what the step at this position embeds.
    Create(usize),
    /// Delete what a step has made.
    Delete(Key),
    /// Abort the workflow.
    Abort,
}
