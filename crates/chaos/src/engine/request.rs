//! What can be asked of the engine's task.

use tokio::sync::oneshot;

use super::error::EngineError;
use crate::document::Document;
use crate::dry_run::DryRun;
use crate::snapshot::{Applied, Name, Snapshot};

/// A request with the way back for its answer.
pub(super) enum Request {
    Apply(Box<Document>, oneshot::Sender<Result<Applied, EngineError>>),
    Delete(Name, oneshot::Sender<Result<(), EngineError>>),
    Pause(Name, bool, oneshot::Sender<Result<(), EngineError>>),
    Get(oneshot::Sender<Snapshot>),
    DryRun(Box<Document>, oneshot::Sender<DryRun>),
    Stop,
}

impl Request {
    /// Does answering it leave everything as it is?
    pub(super) fn only_looks(&self) -> bool {
        matches!(self, Self::Get(_) | Self::DryRun(..))
    }
}
