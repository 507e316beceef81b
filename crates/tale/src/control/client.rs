//! The other end: finding a running stage, and asking it.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use chaos::snapshot::Snapshot;
use stage::Notification;
use tokio::net::UnixStream;
use tokio::task::JoinSet;

use super::Claim;
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
    /// None is running, or the one that is does not answer.
    pub async fn find(project: &Project) -> Result<Self> {
        let root = project.folder()?;
        let mut running = Self::all(root).await.into_iter();
        let Some(first) = running.next() else {
            bail!("{}", none(root));
        };
        let others: Vec<String> = running.map(|stage| stage.title()).collect();
        if !others.is_empty() {
            note(&format!(
                "tale: several stages are up; this is {}, not {} (`tale status PROCESS` shows another)",
                first.title(),
                others.join(", ")
            ));
        }
        Ok(first)
    }

    /// The stage of this process, whichever tale it plays.
    ///
    /// # Errors
    /// No stage of this process answers.
    pub async fn of_process(project: &Project, process: u32) -> Result<Self> {
        let root = project.folder()?;
        let running = Self::all(root).await;
        let known: Vec<String> = running.iter().map(Self::title).collect();
        let found = running.into_iter().find(|stage| stage.hello.pid == process);
        found.with_context(|| match known.is_empty() {
            true => none(root),
            false => format!("no stage is process {process}; there are {}", known.join(", ")),
        })
    }

    /// `play dns-leak (process 4711)`.
    pub fn title(&self) -> String {
        format!("`{}` (process {})", self.hello.name, self.hello.pid)
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

    /// What Alertmanager has sent, oldest first.
    ///
    /// # Errors
    /// The stage does not answer.
    pub async fn inbox(&self) -> Result<Vec<Notification>> {
        match self.ask(&Request::Inbox).await? {
            Answer::Inbox { messages } => Ok(messages),
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

/// Why there is no stage to talk to: a process that holds a folder and does not answer is frozen,
/// not absent.
fn none(root: &Path) -> String {
    let entries = std::fs::read_dir(folders::stages(root)).into_iter().flatten().flatten();
    let frozen = entries.filter_map(|entry| {
        let dir = entry.path();
        let held = folders::locked(&dir.join("stage/lock")) || folders::locked(&dir.join("lock"));
        if !held || !dir.join("control.sock").exists() {
            return None;
        }
        let name = entry.file_name().to_string_lossy().into_owned();
        let play = name.strip_prefix("play-").and_then(|rest| rest.rsplit_once('-'));
        let (name, pid) = match play {
            Some((tale, pid)) => (format!("play {tale}"), pid.to_owned()),
            None => (name, Claim::holder(&dir)?.to_string()),
        };
        Some(format!("`{name}` (process {pid})"))
    });
    let frozen: Vec<String> = frozen.collect();
    match frozen.is_empty() {
        true => "no stage is running; start one with ./tale up".to_owned(),
        false => format!(
            "the stage {} is there and does not answer: its process is frozen; let it go on with \
             `kill -CONT`, or end it with `tale down`",
            frozen.join(", ")
        ),
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
