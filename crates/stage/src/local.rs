//! The local stage: pods as plain processes on loopback, with a real Prometheus and Alertmanager.
//! Linux only, no privileges.
//!
//! One task (`task.rs`) holds the stage, in four parts: `pods`, `network`, `monitoring` and `chaos`;
//! [`LocalStage`] is its handle. The task ends with [`LocalStage::down`], or when the last handle is
//! dropped: then all processes are killed at once. If the whole process is killed, the kernel ends
//! the children (`shim.rs`), and ports and locks go with it.

mod address;
mod apply;
mod chaos;
mod config;
mod files;
mod http;
mod monitoring;
mod network;
mod pods;
mod process;
mod publish;
mod start;
mod task;
#[cfg(test)]
mod testing;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::chaos::fault::Fault;
use ::chaos::target::Target;
use tokio::sync::{mpsc, oneshot, watch};

use crate::manifest::Manifests;
use crate::{NamespacedName, Snapshot, StageError};
use chaos::FaultChange;
use task::{Command, Reply};

pub use config::{Clock, Config, Shim};
pub use monitoring::{Inbox, Notification};

/// Longer than anything the stage does for one command (a reload of both backends takes at most 20
/// s).
const COMMAND_TIME_OUT: Duration = Duration::from_secs(60);

/// A handle on a running local stage.
pub struct LocalStage {
    commands: mpsc::Sender<Command>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    inbox: Inbox,
    dns: SocketAddr,
    prometheus: Option<String>,
    alertmanager: Option<String>,
}

impl LocalStage {
    /// Claims a network and the state folder, and starts cluster DNS, the inbox, Prometheus and
    /// Alertmanager.
    ///
    /// Raises this process' soft limit of open files to its hard limit.
    ///
    /// # Errors
    /// When a program is missing, the state folder is in use, or something does not come up in
    /// time.
    pub async fn start(config: Config) -> Result<Self, StageError> {
        start::start(config).await
    }

    /// Applies manifests as `kubectl apply` does; returns what does not apply on this stage. Either
    /// all of it is possible or nothing is changed, except that a port which another program holds
    /// shows only when it is opened.
    ///
    /// # Errors
    /// The first file and field that this stage refuses.
    pub async fn apply(&self, manifests: Manifests) -> Result<Vec<String>, StageError> {
        self.ask(|reply| Command::Apply(Box::new(manifests), reply)).await
    }

    /// `kubectl set env deployment/..`: sets variables in all its containers, which rolls it out
    /// anew.
    ///
    /// # Errors
    /// [`StageError::NotFound`].
    pub async fn set_env(
        &self,
        deployment: &NamespacedName,
        env: &BTreeMap<String, String>,
    ) -> Result<(), StageError> {
        let (deployment, env) = (deployment.clone(), env.clone());
        self.ask(|reply| Command::SetEnv(deployment, env, reply)).await
    }

    /// Injects a fault into a pod or a container (the first one when the target names none) until
    /// that moment, in place of an earlier fault of the same `id`; without a moment, takes it off.
    /// What a laptop cannot spare is cut: returns what that was, a phrase each.
    ///
    /// # Errors
    /// [`StageError::NotFound`] when this very pod is not there any more, [`StageError::Fault`] when
    /// this stage cannot carry it out.
    pub async fn fault(
        &self,
        target: &Target,
        id: &str,
        fault: &Fault,
        until: Option<Instant>,
    ) -> Result<Vec<String>, StageError> {
        let (target, id, fault) = (target.clone(), id.to_owned(), fault.clone());
        let change = FaultChange { target, id, fault, until };
        self.ask(|reply| Command::Fault(Box::new(change), reply)).await
    }

    /// The stage as it is now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshots.borrow().clone()
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
        let mut snapshots = self.snapshots.clone();
        match tokio::time::timeout(within, snapshots.wait_for(|snapshot| wanted(snapshot))).await {
            Ok(Ok(snapshot)) => Ok(snapshot.clone()),
            Ok(Err(_)) => Err(StageError::Down),
            Err(_) => Err(StageError::TimedOut { what: what.into(), within, seen: self.seen() }),
        }
    }

    /// Waits until the current template of a Deployment is fully rolled out and ready.
    ///
    /// # Errors
    /// As [`Self::wait_until`]; [`StageError::NotFound`].
    pub async fn wait_ready(
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

    /// What Alertmanager has sent.
    pub fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// Where cluster DNS answers.
    pub fn dns(&self) -> SocketAddr {
        self.dns
    }

    /// Where Prometheus answers, when it was started. Whether it still lives is in the snapshot's
    /// `backends`.
    pub fn prometheus_url(&self) -> Option<&str> {
        self.prometheus.as_deref()
    }

    /// Where Alertmanager answers, when it was started.
    pub fn alertmanager_url(&self) -> Option<&str> {
        self.alertmanager.as_deref()
    }

    /// Ends everything: pods gracefully within the configured time-out, then by force. Logs stay.
    ///
    /// # Errors
    /// [`StageError::TimedOut`]; a stage that is down already is no error.
    pub async fn down(&self) -> Result<(), StageError> {
        match self.ask(Command::Down).await {
            Ok(()) | Err(StageError::Down) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, StageError> {
        let (reply, answer) = oneshot::channel();
        let exchange = async {
            self.commands.send(command(reply)).await.map_err(|_| StageError::Down)?;
            answer.await.map_err(|_| StageError::Down)?
        };
        tokio::time::timeout(COMMAND_TIME_OUT, exchange).await.map_err(|_| {
            StageError::TimedOut {
                what: "the stage answers".into(),
                within: COMMAND_TIME_OUT,
                seen: self.seen(),
            }
        })?
    }

    /// The pods that are not ready and why, for the message of a time-out.
    fn seen(&self) -> String {
        let status = self.snapshot();
        let waiting = status.pods.iter().filter(|pod| !pod.ready).map(|pod| {
            let containers = pod.containers.iter().map(|c| {
                let exit = c.last_exit.as_ref().map_or(String::new(), |e| {
                    let said = files::last_line(&c.log);
                    let log = c.log.display();
                    format!(", last exit {} ({}): {said} ({log})", e.code, e.reason)
                });
                format!("{}{exit}", c.waiting.as_deref().unwrap_or("running, not ready"))
            });
            format!("{}: {}", pod.name, containers.collect::<Vec<_>>().join(", "))
        });
        let waiting: Vec<String> = waiting.take(5).collect();
        if waiting.is_empty() { "all pods are ready".into() } else { waiting.join("; ") }
    }
}
