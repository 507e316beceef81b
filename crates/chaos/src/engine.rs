//! The engine: plays documents on the pods of a stage, with the life cycle of Chaos Mesh.
//!
//! [`Engine`] is a handle on one `task`. The task owns the `state`, which is moved by the pure
//! rules in `steps`: a file for each kind of object.
//!
//! Three things end a fault, independently: the experiment's duration (or the stage's maximum), the
//! expiry that every apply hands to the stage, and the journal, from which the next engine recovers
//! what a crash has left.

mod action;
mod clock;
mod error;
mod event_kind;
mod events;
mod experiment;
pub mod journal;
mod key;
mod names;
mod object;
mod open_faults;
mod options;
mod probes;
mod record;
mod request;
mod schedule;
mod state;
mod status_check;
mod steps;
mod targets;
mod task;
mod workflow;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::document::Document;
use crate::dry_run::DryRun;
use crate::injector::Injector;
use crate::snapshot::{Applied, Name, Snapshot};
use journal::{Journal, JournalEntry};
use request::Request;
use task::EngineTask;

pub use clock::{Clock, SystemClock, TokioClock};
pub use error::EngineError;
pub use options::Options;

/// Requests that wait for the task; further callers wait until there is room.
const QUEUE: usize = 64;

/// A running engine. Dropping it, like [`Engine::shutdown`], makes its task recover everything and
/// end.
#[derive(Debug)]
pub struct Engine {
    requests: mpsc::Sender<Request>,
    round: watch::Receiver<u64>,
    task: Mutex<Option<JoinHandle<()>>>,
    journal: std::path::PathBuf,
}

impl Engine {
    /// Starts an engine on the machine's clock. What an earlier engine left in the journal is
    /// recovered first.
    ///
    /// # Errors
    /// The journal cannot be read or written.
    pub async fn start<I: Injector>(
        injector: Arc<I>,
        journal: &Path,
        options: Options,
    ) -> Result<Self, EngineError> {
        Self::start_at(injector, journal, options, SystemClock).await
    }

    /// Like [`Engine::start`], on a clock of your own.
    ///
    /// # Errors
    /// The journal cannot be read or written.
    pub async fn start_at<I: Injector>(
        injector: Arc<I>,
        journal: &Path,
        options: Options,
        clock: impl Clock,
    ) -> Result<Self, EngineError> {
        let opened = Journal::open(journal).map_err(|error| journal_error(journal, &error))?;
        let (requests, queue) = mpsc::channel(QUEUE);
        let (rounds, round) = watch::channel(0);
        let mut task = EngineTask::new(injector, clock, options, opened, rounds);
        task.recover_earlier_faults().await;
        let task = tokio::spawn(task.run(queue));
        Ok(Self { requests, round, task: Mutex::new(Some(task)), journal: journal.to_owned() })
    }

    /// Creates the object of a document, or changes labels, annotations and (of a Schedule or a
    /// Workflow) the spec.
    ///
    /// # Errors
    /// The spec of an existing experiment differs, this stage cannot play the new one of a
    /// Workflow, or the object is being deleted.
    pub async fn apply(&self, document: Document) -> Result<Applied, EngineError> {
        self.ask(|reply| Request::Apply(Box::new(document), reply)).await?
    }

    /// Asks for deletion and returns; the object is gone once it has recovered (see
    /// [`Engine::wait_gone`]).
    ///
    /// # Errors
    /// No object, or several, have this name.
    pub async fn delete(&self, name: &Name) -> Result<(), EngineError> {
        self.ask(|reply| Request::Delete(name.clone(), reply)).await?
    }

    /// Sets the pause annotation; a Schedule passes it on to its experiments.
    ///
    /// # Errors
    /// No object, or several, have this name, or it is of a kind that cannot be paused.
    pub async fn pause(&self, name: &Name, pause: bool) -> Result<(), EngineError> {
        self.ask(|reply| Request::Pause(name.clone(), pause, reply)).await?
    }

    /// Everything the engine knows now.
    ///
    /// # Errors
    /// The engine has stopped.
    pub async fn get(&self) -> Result<Snapshot, EngineError> {
        self.ask(Request::Get).await
    }

    /// What a document would do, without doing it.
    ///
    /// # Errors
    /// The engine has stopped.
    pub async fn dry_run(&self, document: Document) -> Result<DryRun, EngineError> {
        self.ask(|reply| Request::DryRun(Box::new(document), reply)).await
    }

    /// Waits until `condition` holds and returns the snapshot in which it does.
    ///
    /// # Errors
    /// It does not hold within `limit`, or the engine has stopped.
    pub async fn wait_until(
        &self,
        limit: Duration,
        mut condition: impl FnMut(&Snapshot) -> bool,
    ) -> Result<Snapshot, EngineError> {
        let mut round = self.round.clone();
        let search = async {
            loop {
                round.mark_unchanged();
                let snapshot = self.get().await?;
                if condition(&snapshot) {
                    return Ok(snapshot);
                }
                round.changed().await.map_err(|_| EngineError::Stopped)?;
            }
        };
        tokio::time::timeout(limit, search)
            .await
            .unwrap_or(Err(EngineError::TimedOut { seconds: limit.as_secs() }))
    }

    /// Waits until no object has this name.
    ///
    /// # Errors
    /// It has not gone within `limit`, or the engine has stopped.
    pub async fn wait_gone(&self, name: &Name, limit: Duration) -> Result<(), EngineError> {
        let gone = |snapshot: &Snapshot| snapshot.find_all(name).next().is_none();
        self.wait_until(limit, gone).await.map(drop)
    }

    /// Deletes everything and waits up to `limit` for recovery. Returns what may still be injected:
    /// nothing, if all is well.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn shutdown(&self, limit: Duration) -> Result<Vec<JournalEntry>, EngineError> {
        if let Some(mut task) = self.task.lock().await.take() {
            // A task that has stopped by itself takes no more requests: nothing is left to do.
            let _ = tokio::time::timeout(limit, self.requests.send(Request::Stop)).await;
            if tokio::time::timeout(limit, &mut task).await.is_err() {
                task.abort();
            }
        }
        journal::replay(&self.journal).map_err(|error| journal_error(&self.journal, &error))
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<T>) -> Request,
    ) -> Result<T, EngineError> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(request(reply)).await.map_err(|_| EngineError::Stopped)?;
        answer.await.map_err(|_| EngineError::Stopped)
    }
}

fn journal_error(path: &Path, error: &std::io::Error) -> EngineError {
    EngineError::Journal { path: path.display().to_string(), message: error.to_string() }
}

#[cfg(test)]
mod tests;
