//! The other end: finding a running stage, and asking it.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use chaos::snapshot::Snapshot;
use tokio::net::UnixStream;
use tokio::task::JoinSet;

use super::protocol::{self, Answer, Hello, LONGEST_ANSWER, Request};
use super::status::Status;
use crate::folders::{self, Project};
use crate::terminal::{note, print};

/// How long a stage may take to say that it is there.
const HELLO_TIME_OUT: Duration = Duration::from_secs(2);
/// How long any other answer may take; longer than the stage's own limit.
const TIME_OUT: Duration = Duration::from_secs(40);

/// A stage that answers.
#[derive(Debug, Clone)]
pub struct Running {
    /// Its state folder.
    pub dir: PathBuf,
    /// Who answered.
    pub hello: Hello,
    since: Option<SystemTime>,
}

impl Running {
    /// The stage in a state folder, if one answers there.
    pub async fn at(dir: &Path) -> Option<Self> {
        let asked = ask(dir, &Request::Hello);
        match tokio::time::timeout(HELLO_TIME_OUT, asked).await {
            Ok(Ok(Answer::Hello(hello))) => {
                let socket = super::socket(dir).ok()?;
                let since = std::fs::metadata(socket).and_then(|data| data.modified());
                Some(Self { dir: dir.to_owned(), hello, since: since.ok() })
            }
            _ => None,
        }
    }

    /// The stages of a project that answer, the preferred one first: that of `tale up`, then the
    /// newest.
    pub async fn all(root: &Path) -> Vec<Self> {
        let mut asked = JoinSet::new();
        let entries = std::fs::read_dir(folders::stages(root));
        for dir in entries.into_iter().flatten().flatten().map(|entry| entry.path()) {
            if dir.join("control.sock").exists() {
                asked.spawn(async move { Self::at(&dir).await });
            }
        }
        let mut running: Vec<Self> = asked.join_all().await.into_iter().flatten().collect();
        let up = folders::up(root);
        running.sort_by_key(|one| (one.dir == up, one.since));
        running.reverse();
        running
    }

    /// The stage that is meant when nobody says which. If there are several, a note says which.
    ///
    /// # Errors
    /// None is running.
    pub async fn find(project: &Project) -> Result<Self> {
        let root = project.folder()?;
        let mut running = Self::all(root).await.into_iter();
        let first = running.next().context("no stage is running; start one with ./tale up")?;
        let others: Vec<String> = running.map(|stage| stage.hello.name).collect();
        if !others.is_empty() {
            note(&format!(
                "tale: several stages are running; this is `{}`, not `{}`",
                first.hello.name,
                others.join("`, `")
            ));
        }
        Ok(first)
    }

    /// Where the Prometheus of the stage that runs listens.
    ///
    /// # Errors
    /// No stage is running, it does not answer, or it has no Prometheus.
    pub async fn prometheus(project: &Project) -> Result<String> {
        let stage = Self::find(project)
            .await
            .context("which Prometheus? Write --prometheus URL, or start a stage")?;
        let url = stage.status().await?.urls.prometheus;
        url.context("the stage has no Prometheus; write --prometheus URL")
    }

    /// How everything is.
    ///
    /// # Errors
    /// The stage does not answer.
    pub async fn status(&self) -> Result<Status> {
        match self.ask(&Request::Status).await? {
            Answer::Status(status) => Ok(*status),
            other => bail!(self.wrong(&other)),
        }
    }

    /// All chaos objects and their events.
    ///
    /// # Errors
    /// The stage does not answer.
    pub async fn chaos(&self) -> Result<Snapshot> {
        match self.ask(&Request::Chaos).await? {
            Answer::Chaos(snapshot) => Ok(*snapshot),
            other => bail!(self.wrong(&other)),
        }
    }

    /// Has something done, and prints what was.
    ///
    /// # Errors
    /// The stage refuses, or does not answer.
    pub async fn carry_out(&self, request: &Request) -> Result<()> {
        match self.ask(request).await? {
            Answer::Done { text } => {
                print(&text);
                Ok(())
            }
            other => bail!(self.wrong(&other)),
        }
    }

    /// Asks.
    ///
    /// # Errors
    /// The stage refuses, or does not answer. What it did before a refusal is printed.
    pub async fn ask(&self, request: &Request) -> Result<Answer> {
        let answer = tokio::time::timeout(TIME_OUT, ask(&self.dir, request)).await;
        let silent = || {
            format!(
                "the stage `{}` does not answer; look at the logs in {}",
                self.hello.name,
                self.dir.display()
            )
        };
        match answer.with_context(silent)?.with_context(silent)? {
            Answer::Refused { text, why } => {
                print(&text);
                bail!("{why}")
            }
            answer => Ok(answer),
        }
    }

    fn wrong(&self, answer: &Answer) -> String {
        format!("the stage `{}` answered another question: {answer:?}", self.hello.name)
    }
}

async fn ask(dir: &Path, request: &Request) -> Result<Answer> {
    let socket = super::socket(dir)?;
    let mut stream = UnixStream::connect(&socket)
        .await
        .with_context(|| format!("cannot connect to {}", socket.display()))?;
    protocol::write(&mut stream, request).await?;
    protocol::read(&mut stream, LONGEST_ANSWER).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Server;

    #[tokio::test]
    async fn the_stage_of_up_is_meant_before_that_of_a_play() {
        let root = tempfile::tempdir().unwrap();
        assert!(Running::all(root.path()).await.is_empty());
        let _play = Server::open(&folders::play(root.path(), "x"), "play x").unwrap();
        let _up = Server::open(&folders::up(root.path()), "up").unwrap();
        let running = Running::all(root.path()).await;
        let names: Vec<&str> = running.iter().map(|stage| stage.hello.name.as_str()).collect();
        assert_eq!(names, ["up", "play x"]);
    }
}
