//! What a play does to a stage, be it processes on a laptop or a cluster; and no more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chaos::document::Document;
use chaos::engine::EngineError;
use chaos::snapshot::{Applied, Name};

use crate::manifest::SourceFile;
use crate::{Adaptation, Door, NamespacedName, Notification, Place, Snapshot, StageError};

/// How often [`wait_for_chaos`] looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Pods, what looks at them, and chaos: all that a play needs. Every call ends: one that takes
/// `within` after that time, any other within a minute.
#[async_trait]
pub trait Stage: Send + Sync {
    /// Which stage this is and where it answers; never changes while it lives.
    fn place(&self) -> &Place;

    /// Applies manifests as `kubectl apply` does: the text as it is, except that `env` is set in
    /// the containers of all Deployments. Returns what does not apply on this stage, a line each.
    ///
    /// # Errors
    /// The first file and field that this stage refuses; then nothing is changed.
    async fn apply(
        &self,
        files: &[SourceFile],
        env: &BTreeMap<String, String>,
    ) -> Result<Vec<String>, StageError>;

    /// `kubectl set env`: sets variables in all containers of a Deployment, which rolls it out
    /// anew.
    ///
    /// # Errors
    /// [`StageError::NotFound`].
    async fn set_env(
        &self,
        deployment: &NamespacedName,
        env: &BTreeMap<String, String>,
    ) -> Result<(), StageError>;

    /// Waits until the current template of a Deployment is fully rolled out and ready, and pods of
    /// earlier ones are gone or on their way out.
    ///
    /// # Errors
    /// [`StageError::NotFound`]; [`StageError::TimedOut`] after `within`, with what was seen last.
    async fn wait_ready(
        &self,
        deployment: &NamespacedName,
        within: Duration,
    ) -> Result<(), StageError>;

    /// Waits until what looks at the pods has taken in all that was applied: rules, targets,
    /// receivers. A stage where that is so as soon as [`Self::apply`] returns has nothing to do.
    ///
    /// # Errors
    /// [`StageError::TimedOut`] after `within`, with what is missing.
    async fn settle(&self, _within: Duration) -> Result<(), StageError> {
        Ok(())
    }

    /// What had to be changed in the documents so far, in the order of the documents.
    fn adapted(&self) -> Vec<Adaptation> {
        Vec::new()
    }

    /// What is in the way here, a line each: for a story that could not be told to its end.
    async fn diagnose(&self) -> Vec<String> {
        Vec::new()
    }

    /// `kubectl apply` of a chaos document. Returns at once; [`Stage::chaos`] shows when the fault
    /// is injected.
    ///
    /// # Errors
    /// This stage cannot change the object that is there.
    async fn inject(&self, document: &Document) -> Result<Applied, StageError>;

    /// `kubectl delete` of an experiment; returns when it has recovered and is gone.
    ///
    /// # Errors
    /// No object, or several, have this name; it is not gone after `within`.
    async fn remove(&self, name: &Name, within: Duration) -> Result<(), StageError>;

    /// Pauses an experiment or a Schedule, or lets it go on.
    ///
    /// # Errors
    /// No object, or several, have this name; it cannot be paused.
    async fn pause(&self, name: &Name, pause: bool) -> Result<(), StageError>;

    /// All chaos objects and their events, now.
    ///
    /// # Errors
    /// The stage is down or does not answer.
    async fn chaos(&self) -> Result<chaos::snapshot::Snapshot, StageError>;

    /// The ways to the admin ports of a Deployment's ready pods, for whoever operates them.
    ///
    /// # Errors
    /// The stage does not answer.
    async fn admin(&self, deployment: &NamespacedName) -> Result<Vec<Door>, StageError>;

    /// What Alertmanager has sent, oldest first.
    ///
    /// # Errors
    /// The stage does not answer.
    async fn mail(&self) -> Result<Vec<Notification>, StageError>;

    /// Pods, Deployments, Services and the rest, now.
    ///
    /// # Errors
    /// The stage does not answer.
    async fn status(&self) -> Result<Arc<Snapshot>, StageError>;

    /// Ends all faults, then everything else. May be called again.
    ///
    /// # Errors
    /// [`StageError::TimedOut`], with what is left.
    async fn down(&self) -> Result<(), StageError>;
}

/// Waits until `condition` holds for the chaos on a stage; returns the snapshot in which it does.
///
/// # Errors
/// [`EngineError::TimedOut`] after `within`; the stage is down or does not answer.
pub async fn wait_for_chaos(
    stage: &dyn Stage,
    within: Duration,
    mut condition: impl FnMut(&chaos::snapshot::Snapshot) -> bool,
) -> Result<chaos::snapshot::Snapshot, StageError> {
    let look = async {
        loop {
            let snapshot = stage.chaos().await?;
            if condition(&snapshot) {
                return Ok(snapshot);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    let late = EngineError::TimedOut { seconds: within.as_secs() };
    tokio::time::timeout(within, look).await.map_err(|_| StageError::from(late))?
}
