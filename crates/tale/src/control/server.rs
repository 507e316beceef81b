//! The stage's end of the control socket: one task, which ends when the [`Server`] is dropped.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, Result};
use stage::Stage;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::answer::Up;
use super::protocol::{self, Answer, Hello, LONGEST_REQUEST, Request};
use crate::clients::{self, Limits};

/// Clients served at once; more wait in the kernel's queue.
const CLIENTS: usize = 16;
/// The longest that a client may take to ask.
const ASK_TIME_OUT: Duration = Duration::from_secs(5);
/// The longest that it may take altogether. Deleting an experiment waits for recovery.
const TIME_OUT: Duration = Duration::from_secs(30);

/// A stage that can be talked to.
pub struct Server {
    desk: Arc<Desk>,
    task: JoinHandle<()>,
    socket: PathBuf,
}

/// What the clients' tasks share.
pub(super) struct Desk {
    /// `up`, or `play dns-leak`.
    pub(super) name: String,
    /// The state folder.
    pub(super) dir: PathBuf,
    /// Set as soon as everything is up.
    stage: OnceLock<Arc<dyn Stage>>,
    end: Notify,
}

impl Server {
    /// Listens in the state folder `dir`, which the caller has for itself. Until [`Self::ready`],
    /// answers that the stage is starting.
    ///
    /// # Errors
    /// The path is too long for a socket, or the folder cannot be written.
    pub fn open(dir: &Path, name: &str) -> Result<Self> {
        let socket = super::socket(dir)?;
        let what = || format!("cannot listen at {}", socket.display());
        std::fs::create_dir_all(dir).with_context(what)?;
        // What a killed stage left; nobody listens there, as the folder is the caller's.
        let _ = std::fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket).with_context(what)?;
        let desk = Arc::new(Desk {
            name: name.to_owned(),
            dir: dir.to_owned(),
            stage: OnceLock::new(),
            end: Notify::new(),
        });
        let task = tokio::spawn(serve(listener, desk.clone()));
        Ok(Self { desk, task, socket })
    }

    /// From now on answers everything.
    pub fn ready(&self, stage: Arc<dyn Stage>) {
        let _ = self.desk.stage.set(stage); // a second one would change nothing
    }

    /// Waits until a client asks for the end.
    pub async fn end_asked(&self) {
        self.desk.end.notified().await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
        let _ = std::fs::remove_file(&self.socket);
    }
}

async fn serve(listener: UnixListener, desk: Arc<Desk>) {
    clients::serve(listener, Limits { at_once: CLIENTS, within: TIME_OUT }, |stream| {
        let desk = desk.clone();
        // A client that has left is none.
        async move { drop(converse(stream, &desk).await) }
    })
    .await;
}

async fn converse(mut stream: UnixStream, desk: &Desk) -> Result<()> {
    let asked = protocol::read(&mut stream, LONGEST_REQUEST);
    let answer = match tokio::time::timeout(ASK_TIME_OUT, asked).await? {
        Ok(request) => desk.answer(request).await,
        Err(why) => Answer::refused(why),
    };
    protocol::write(&mut stream, &answer).await
}

impl Desk {
    async fn answer(&self, request: Request) -> Answer {
        let stage = self.stage.get();
        match (request, stage) {
            (Request::Hello, _) => Answer::Hello(Hello {
                name: self.name.clone(),
                pid: std::process::id(),
                ready: stage.is_some(),
            }),
            (Request::Down, _) => {
                self.end.notify_one();
                Answer::Done { text: String::new() }
            }
            (_, None) => Answer::refused("the stage is still starting; try again in a moment"),
            (request, Some(stage)) => {
                let up = Up { stage: &**stage, name: &self.name, dir: &self.dir };
                up.answer(request).await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::super::client::Running;
    use super::*;

    #[tokio::test]
    async fn a_starting_stage_says_who_it_is_and_can_be_ended_but_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::open(dir.path(), "up").unwrap();
        let stage = Running::at(dir.path()).await.unwrap();
        assert_eq!((stage.hello.name.as_str(), stage.hello.ready), ("up", false));
        let why = stage.ask(&Request::Chaos).await.unwrap_err();
        assert!(why.to_string().contains("still starting"), "{why}");
        stage.ask(&Request::Down).await.unwrap();
        server.end_asked().await;
        drop(server);
        assert!(Running::at(dir.path()).await.is_none());
        assert!(!dir.path().join("control.sock").exists());
    }

    #[tokio::test]
    async fn nonsense_is_answered_and_a_client_that_leaves_disturbs_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::open(dir.path(), "up").unwrap();
        let socket = dir.path().join("control.sock");
        let mut stream = UnixStream::connect(&socket).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains("refused"), "{answer}");
        for _ in 0..4 * CLIENTS {
            drop(UnixStream::connect(&socket).await.unwrap());
        }
        assert!(Running::at(dir.path()).await.is_some());
    }

    #[tokio::test]
    async fn the_socket_of_a_killed_stage_is_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("control.sock");
        drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
        assert!(socket.exists() && Running::at(dir.path()).await.is_none());
        let _server = Server::open(dir.path(), "up").unwrap();
        assert!(Running::at(dir.path()).await.is_some());
    }
}
