//! The way to the stage's task, and the view of what it shows.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::command::{Command, FaultChange, Reply};
use super::files;
use super::ports::Ports;
use crate::{Snapshot, StageError};

/// Longer than anything the stage does for one command (a reload of both backends takes at most 20
/// s).
const COMMAND_TIME_OUT: Duration = Duration::from_secs(60);

/// Keeps the stage's task alive: it ends with the last of these.
pub(crate) struct TaskHandle {
    commands: mpsc::Sender<Command>,
    view: StageView,
}

/// The same for somebody who must not keep the stage alive.
#[derive(Clone)]
pub(crate) struct WeakTaskHandle {
    commands: mpsc::WeakSender<Command>,
    view: StageView,
}

/// What the stage shows.
#[derive(Clone)]
pub(crate) struct StageView {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    ports: Ports,
}

impl TaskHandle {
    pub(crate) fn new(
        commands: mpsc::Sender<Command>,
        snapshots: watch::Receiver<Arc<Snapshot>>,
        ports: Ports,
    ) -> Self {
        Self { commands, view: StageView { snapshots, ports } }
    }

    pub(crate) fn downgrade(&self) -> WeakTaskHandle {
        WeakTaskHandle { commands: self.commands.downgrade(), view: self.view.clone() }
    }

    pub(crate) fn view(&self) -> &StageView {
        &self.view
    }

    /// Asks and waits for the answer, a minute at most.
    pub(crate) async fn ask<T>(
        &self,
        command: impl FnOnce(Reply<T>) -> Command,
    ) -> Result<T, StageError> {
        ask(&self.commands, &self.view, command).await
    }
}

impl WeakTaskHandle {
    pub(crate) fn view(&self) -> &StageView {
        &self.view
    }

    /// Has a fault injected or taken off.
    pub(crate) async fn fault(&self, change: FaultChange) -> Result<Vec<String>, StageError> {
        let commands = self.commands.upgrade().ok_or(StageError::Down)?;
        let change = Box::new(change);
        ask(&commands, &self.view, |reply| Command::Fault(change, reply)).await
    }
}

impl StageView {
    /// The stage as it is now.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshots.borrow().clone()
    }

    /// Ports that are elsewhere than manifests and documents say.
    pub(crate) fn ports(&self) -> &Ports {
        &self.ports
    }

    /// Waits until `wanted` holds.
    pub(crate) async fn wait_until(
        &self,
        what: &str,
        wanted: impl Fn(&Snapshot) -> bool,
        within: Duration,
    ) -> Result<Arc<Snapshot>, StageError> {
        let mut snapshots = self.snapshots.clone();
        match tokio::time::timeout(within, snapshots.wait_for(|snapshot| wanted(snapshot))).await {
            Ok(Ok(snapshot)) => Ok(snapshot.clone()),
            Ok(Err(_)) => Err(StageError::Down),
            Err(_) => Err(self.timed_out(what, within)),
        }
    }

    fn timed_out(&self, what: &str, within: Duration) -> StageError {
        StageError::TimedOut { what: what.to_owned(), within, seen: self.not_ready() }
    }

    /// The pods that are not ready and why, for the message of a time-out.
    fn not_ready(&self) -> String {
        let snapshot = self.snapshot();
        let waiting = snapshot.pods.iter().filter(|pod| !pod.ready).map(|pod| {
            let containers = pod.containers.iter().map(|container| {
                let exit = container.last_exit.as_ref().map_or(String::new(), |exit| {
                    let (log, last) = match &container.log {
                        Some(log) => (log.display().to_string(), files::last_line(log)),
                        None => ("no log".to_owned(), String::new()),
                    };
                    format!(", last exit {} ({}): {last} ({log})", exit.code, exit.reason)
                });
                let waiting = container.waiting.as_deref().unwrap_or("running, not ready");
                format!("{waiting}{exit}")
            });
            format!("{}: {}", pod.name, containers.collect::<Vec<_>>().join(", "))
        });
        let waiting: Vec<String> = waiting.take(5).collect();
        if waiting.is_empty() { "all pods are ready".into() } else { waiting.join("; ") }
    }
}

async fn ask<T>(
    commands: &mpsc::Sender<Command>,
    view: &StageView,
    command: impl FnOnce(Reply<T>) -> Command,
) -> Result<T, StageError> {
    let (reply, answer) = oneshot::channel();
    let exchange = async {
        commands.send(command(reply)).await.map_err(|_| StageError::Down)?;
        answer.await.map_err(|_| StageError::Down)?
    };
    let answer = tokio::time::timeout(COMMAND_TIME_OUT, exchange).await;
    answer.map_err(|_| view.timed_out("the stage answers", COMMAND_TIME_OUT))?
}
