//! The local stage: pods as plain processes on loopback, with a real Prometheus and Alertmanager.
//! Linux only, no privileges.
//!
//! One task (`task.rs`) holds the stage, in four parts: `pods`, `network`, `monitoring` and the
//! faults of `chaos`. [`LocalStage`] is its handle, together with the chaos engine, which decides
//! when and whom. The task ends with [`Stage::down`], or when the handle is dropped: then all
//! processes are killed at once. If the whole process is killed, the kernel ends the children
//! (`shim.rs`), and ports and locks go with it.

mod address;
mod apply;
mod chaos;
mod command;
mod config;
mod files;
mod handle;
mod holder;
mod http;
mod images;
mod monitoring;
mod network;
mod pods;
mod ports;
mod process;
mod publish;
mod start;
mod task;
#[cfg(test)]
mod testing;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::chaos::document::Document;
use ::chaos::engine::{Engine, EngineError};
use ::chaos::fault::Fault;
use ::chaos::snapshot::{Applied, Name};
use ::chaos::target::Target;
use async_trait::async_trait;

use crate::inbox::Inbox;
use crate::manifest::{Manifests, SourceFile};
use crate::{ADMIN_PORT, Door, NamespacedName, Notification, Place, Snapshot, Stage, StageError};
use command::{Command, FaultChange};
use handle::TaskHandle;
use start::Started;

pub use config::{Config, Shim};
pub use files::no_links;
pub use holder::port_holder;
pub use ports::PORTS_MOVED;

/// The engine answers at once, unless something is wrong with it.
const ENGINE_TIME_OUT: Duration = Duration::from_secs(10);
/// How long faults may take to end before the pods do.
const FAULTS_END_WITHIN: Duration = Duration::from_secs(3);

/// A running local stage.
pub struct LocalStage {
    task: TaskHandle,
    engine: Engine,
    inbox: Inbox,
    place: Place,
}

impl LocalStage {
    /// Claims a network and the state folder, starts cluster DNS, the inbox, Prometheus and
    /// Alertmanager, and the chaos engine, which undoes what an earlier one has left in its journal
    /// in the state folder.
    ///
    /// Raises this process' soft limit of open files to its hard limit.
    ///
    /// # Errors
    /// When a program is missing, the state folder is in use, or something does not come up in
    /// time. Nothing is left running then.
    pub async fn start(config: Config) -> Result<Self, StageError> {
        let Started { task, engine, inbox, place } = start::start(config).await?;
        Ok(Self { task, engine, inbox, place })
    }

    /// The stage as it is now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.task.view().snapshot()
    }

    /// Waits until `wanted` holds.
    ///
    /// # Errors
    /// [`StageError::TimedOut`] with what was seen last; [`StageError::Down`].
    pub async fn wait_until(
        &self,
        what: &str,
        wanted: impl Fn(&Snapshot) -> bool,
        within: Duration,
    ) -> Result<Arc<Snapshot>, StageError> {
        self.task.view().wait_until(what, wanted, within).await
    }

    /// Injects a fault into a pod or a container (the first one when the target names none) until
    /// that moment, in place of an earlier fault of the same `id`; without a moment, takes it off.
    /// What a laptop cannot spare is cut: returns what that was, a phrase each. This is what the
    /// engine does for an experiment, without the experiment.
    ///
    /// # Errors
    /// [`StageError::NotFound`] when this very pod is not there any more, [`StageError::Fault`]
    /// when this stage cannot carry it out.
    pub async fn fault(
        &self,
        target: &Target,
        id: &str,
        fault: &Fault,
        until: Option<Instant>,
    ) -> Result<Vec<String>, StageError> {
        let (target, id, fault) = (target.clone(), id.to_owned(), fault.clone());
        let change = Box::new(FaultChange { target, id, fault, until });
        self.task.ask(|reply| Command::Fault(change, reply)).await
    }
}

#[async_trait]
impl Stage for LocalStage {
    fn place(&self) -> &Place {
        &self.place
    }

    /// Either all of it is possible or nothing is changed, except that a port which another program
    /// holds shows only when it is opened.
    async fn apply(
        &self,
        files: &[SourceFile],
        env: &BTreeMap<String, String>,
    ) -> Result<Vec<String>, StageError> {
        let mut manifests = Manifests::read(files)?;
        manifests.set_env(env);
        self.task.ask(|reply| Command::Apply(Box::new(manifests), reply)).await
    }

    async fn set_env(
        &self,
        deployment: &NamespacedName,
        env: &BTreeMap<String, String>,
    ) -> Result<(), StageError> {
        let (deployment, env) = (deployment.clone(), env.clone());
        self.task.ask(|reply| Command::SetEnv(deployment, env, reply)).await
    }

    async fn wait_ready(
        &self,
        deployment: &NamespacedName,
        within: Duration,
    ) -> Result<(), StageError> {
        if self.snapshot().deployment(deployment).is_none() {
            return Err(StageError::not_found("Deployment", deployment));
        }
        let complete = |s: &Snapshot| s.deployment(deployment).is_some_and(|d| d.complete());
        let what = format!("Deployment {deployment} is ready");
        self.wait_until(&what, complete, within).await.map(drop)
    }

    async fn inject(&self, document: &Document) -> Result<Applied, StageError> {
        bounded(self.engine.apply(document.clone())).await
    }

    async fn remove(&self, name: &Name, within: Duration) -> Result<(), StageError> {
        bounded(self.engine.delete(name)).await?;
        Ok(self.engine.wait_gone(name, within).await?)
    }

    async fn pause(&self, name: &Name, pause: bool) -> Result<(), StageError> {
        bounded(self.engine.pause(name, pause)).await
    }

    async fn chaos(&self) -> Result<::chaos::snapshot::Snapshot, StageError> {
        bounded(self.engine.get()).await
    }

    async fn admin(&self, deployment: &NamespacedName) -> Result<Vec<Door>, StageError> {
        let port = self.task.view().ports().moved(ADMIN_PORT);
        let snapshot = self.snapshot();
        let doors = snapshot.ready_pods_of(deployment).filter_map(|pod| {
            let url = format!("http://{}:{port}", pod.ip?);
            Some(Door { pod: pod.name.clone(), url, held_by: None })
        });
        Ok(doors.collect())
    }

    async fn mail(&self) -> Result<Vec<Notification>, StageError> {
        Ok(self.inbox.messages())
    }

    async fn status(&self) -> Result<Arc<Snapshot>, StageError> {
        Ok(self.snapshot())
    }

    /// Faults get three seconds, pods the configured time-out and then SIGKILL. Logs stay.
    async fn down(&self) -> Result<(), StageError> {
        // What is still injected then ends with its pod.
        let _ = self.engine.shutdown(FAULTS_END_WITHIN).await;
        match self.task.ask(Command::Down).await {
            Ok(()) | Err(StageError::Down) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// What the engine answers, in time.
async fn bounded<T>(answer: impl Future<Output = Result<T, EngineError>>) -> Result<T, StageError> {
    let answer = tokio::time::timeout(ENGINE_TIME_OUT, answer).await;
    let late = EngineError::TimedOut { seconds: ENGINE_TIME_OUT.as_secs() };
    Ok(answer.unwrap_or(Err(late))?)
}
