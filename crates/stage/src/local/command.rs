//! What the outside may ask the stage's task for.

use std::collections::BTreeMap;
use std::time::Instant;

use chaos::fault::Fault;
use chaos::target::Target;
use tokio::sync::oneshot;

use crate::manifest::Manifests;
use crate::{NamespacedName, StageError};

/// Where an answer goes.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, StageError>>;

/// A question, with where its answer goes.
pub(crate) enum Command {
    /// Answered with what does not apply here.
    Apply(Box<Manifests>, Reply<Vec<String>>),
    /// Variables of a Deployment.
    SetEnv(NamespacedName, BTreeMap<String, String>, Reply<()>),
    /// Answered with what had to be cut.
    Fault(Box<FaultChange>, Reply<Vec<String>>),
    /// The end.
    Down(Reply<()>),
}

/// One fault of one experiment on one target: injected until a moment, or taken off.
pub(crate) struct FaultChange {
    pub(crate) target: Target,
    /// Names the experiment.
    pub(crate) id: String,
    pub(crate) fault: Fault,
    /// When it ends by itself; `None` takes it off now.
    pub(crate) until: Option<Instant>,
}
