//! The other end: finding a running stage, and asking it.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use tokio::net::UnixStream;
use tokio::task::JoinSet;

use super::protocol::{self, Answer, Hello, LONGEST_ANSWER, Request};
use crate::stage_dirs;

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
        let entries = std::fs::read_dir(stage_dirs::all(root));
        for dir in entries.into_iter().flatten().flatten().map(|entry| entry.path()) {
            if dir.join("control.sock").exists() {
                asked.spawn(async move { Self::at(&dir).await });
            }
        }
        let mut running: Vec<Self> = asked.join_all().await.into_iter().flatten().collect();
        let up = stage_dirs::up(root);
        running.sort_by_key(|one| (one.dir == up, one.since));
        running.reverse();
        running
    }

    /// The stage that is meant when nobody says which. `note` hears when there are several.
    ///
    /// # Errors
    /// None is running.
    pub async fn find(root: &Path, note: impl Fn(&str)) -> Result<Self> {
        let mut running = Self::all(root).await.into_iter();
        let first = running.next().context("no stage is running; start one with ./tale up")?;
        let others: Vec<String> = running.map(|one| one.hello.name).collect();
        if !others.is_empty() {
            note(&format!(
                "tale: several stages are running; this is `{}`, not `{}`",
                first.hello.name,
                others.join("`, `")
            ));
        }
        Ok(first)
    }

    /// Asks; returns what is to be printed. `print` hears what was done before a refusal.
    ///
    /// # Errors
    /// The stage refuses, or does not answer.
    pub async fn ask(&self, request: &Request, print: impl Fn(&str)) -> Result<()> {
        let answer = tokio::time::timeout(TIME_OUT, ask(&self.dir, request)).await;
        let silent = || {
            format!(
                "the stage `{}` does not answer; look at the logs in {}",
                self.hello.name,
                self.dir.display()
            )
        };
        match answer.with_context(silent)?.with_context(silent)? {
            Answer::Hello(_) => Ok(()),
            Answer::Done { text } => {
                print(&text);
                Ok(())
            }
            Answer::Refused { text, why } => {
                print(&text);
                bail!("{why}")
            }
        }
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
    use std::cell::RefCell;

    use super::*;
    use crate::control::Server;

    #[tokio::test]
    async fn the_stage_of_up_is_meant_before_that_of_a_play_and_the_others_are_named() {
        let root = tempfile::tempdir().unwrap();
        let none = Running::find(root.path(), |_| {}).await.unwrap_err();
        assert_eq!(none.to_string(), "no stage is running; start one with ./tale up");
        let _up = Server::open(&stage_dirs::up(root.path()), "up").unwrap();
        let _play = Server::open(&stage_dirs::play(root.path(), "x"), "play x").unwrap();
        let notes = RefCell::new(String::new());
        let stage = Running::find(root.path(), |note| notes.borrow_mut().push_str(note));
        assert_eq!(stage.await.unwrap().hello.name, "up");
        assert_eq!(
            notes.into_inner(),
            "tale: several stages are running; this is `up`, not `play x`"
        );
    }
}
