//! Why the engine refuses a request.

use thiserror::Error;

/// Why the engine refuses a request.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum EngineError {
    /// No object has this name.
    #[error("{0} not found; `tale chaos get` lists what there is")]
    NotFound(String),
    /// More than one object has this name.
    #[error("{name} is ambiguous; say which one: {candidates}")]
    Ambiguous {
        /// The name that was asked for.
        name: String,
        /// The objects it could mean.
        candidates: String,
    },
    /// The spec of an experiment cannot change, as in Chaos Mesh.
    #[error("{0}: the spec of an experiment cannot change; delete it first, or use another name")]
    Immutable(String),
    /// The new spec of a Workflow that is under way asks for what this stage cannot do.
    #[error("{0} keeps its old spec: {1}")]
    Unplayable(String, String),
    /// Only experiments and Schedules can be paused, as in Chaos Mesh.
    #[error(
        "{0} cannot be paused; delete it, or abort a workflow by its annotation workflow.chaos-mesh.org/abort"
    )]
    NotPausable(String),
    /// The object has not gone yet.
    #[error("{0} is being deleted; wait until it has recovered")]
    BeingDeleted(String),
    /// The journal cannot be read or written.
    #[error(
        "the journal {path}: {message}; make the folder writable, or remove the file if nothing is injected any more"
    )]
    Journal {
        /// The journal's path.
        path: String,
        /// What went wrong.
        message: String,
    },
    /// The engine has been shut down.
    #[error("the chaos engine has stopped; start the stage again with `tale up`")]
    Stopped,
    /// Time ran out before the condition held.
    #[error("not so within {seconds} s; `tale chaos describe` shows what the experiment is doing")]
    TimedOut {
        /// How long the caller was ready to wait, in seconds.
        seconds: u64,
    },
}
