//! A program as a user runs it: what it prints, signals to it, and its end.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use crate::wait::SOON;

/// A process of its own group, as a shell starts it; killed when the test ends early.
#[derive(Debug)]
pub struct Running {
    child: Child,
    pid: Pid,
    stdout: watch::Receiver<Stream>,
    stderr: watch::Receiver<Stream>,
}

/// What a stream carried so far.
#[derive(Debug, Default)]
struct Stream {
    text: String,
    ended: bool,
}

/// Whether a play ended because the machine had no time for it: it has told nothing, and may be
/// played again.
pub fn was_starved(code: Option<i32>, stderr: &str) -> bool {
    code == Some(2) && stderr.contains("the machine has no time for this")
}

/// A program that has ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Everything that it printed.
    pub stdout: String,
    /// Everything that it printed for people, or in error.
    pub stderr: String,
}

impl Running {
    /// Starts it without standard input.
    ///
    /// # Panics
    /// There is no such program.
    pub fn start(command: &mut Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let pid = i32::try_from(child.id().unwrap()).unwrap();
        Self {
            stdout: listen(child.stdout.take().unwrap()),
            stderr: listen(child.stderr.take().unwrap()),
            pid: Pid::from_raw(pid).unwrap(),
            child,
        }
    }

    /// Its process.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw_pid()
    }

    /// Waits until it has written `text` to standard error.
    ///
    /// # Panics
    /// It ends before, or takes longer than [`SOON`].
    pub async fn wait_for(&mut self, text: &str) {
        let written = self.stderr.wait_for(|stream| stream.ended || stream.text.contains(text));
        let stream = tokio::time::timeout(SOON, written).await;
        let stream = stream.unwrap_or_else(|_| panic!("never written: {text}")).unwrap();
        assert!(stream.text.contains(text), "never written: {text}\n{}", stream.text);
    }

    /// Waits for its end for at most `span`; whether it ended.
    pub async fn ends_within(&mut self, span: Duration) -> bool {
        tokio::time::timeout(span, self.child.wait()).await.is_ok()
    }

    /// A signal to this process only.
    ///
    /// # Panics
    /// It is gone.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).unwrap();
    }

    /// Ctrl-C: the terminal sends it to the whole group.
    ///
    /// # Panics
    /// All of them are gone.
    pub fn interrupt(&self) {
        kill_process_group(self.pid, Signal::INT).unwrap();
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// It takes longer than [`SOON`].
    pub async fn end(mut self) -> Ended {
        let status = tokio::time::timeout(SOON, self.child.wait()).await;
        let Ok(status) = status else {
            panic!("does not end:\n{}", self.stderr.borrow().text);
        };
        Ended::new(status.unwrap(), text(&mut self.stdout).await, text(&mut self.stderr).await)
    }
}

impl Ended {
    fn new(status: ExitStatus, stdout: String, stderr: String) -> Self {
        Self { code: status.code(), signal: status.signal(), stdout, stderr }
    }

    /// The same, if its exit code is `code`, and if it wrote what belongs into a pipe: no escape
    /// codes and no panic.
    ///
    /// # Panics
    /// Anything else, with everything that it printed.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        assert!(!self.stderr.contains('\x1b'), "no terminal, no escape codes: {:?}", self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }

    /// What it printed, as JSON.
    ///
    /// # Panics
    /// It is not JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|why| panic!("{why}: {self}"))
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self::new(output.status, text(output.stdout), text(output.stderr))
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code, self.signal) {
            (Some(code), _) => writeln!(out, "exit code {code}")?,
            (None, signal) => writeln!(out, "ended by signal {signal:?}")?,
        }
        write!(out, "{}{}", self.stdout, self.stderr)
    }
}

fn listen(mut stream: impl AsyncRead + Unpin + Send + 'static) -> watch::Receiver<Stream> {
    let (sender, receiver) = watch::channel(Stream::default());
    tokio::spawn(async move {
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
            bytes.extend_from_slice(&buffer[..count]);
            // Decoded as a whole: a letter may lie across two reads.
            let text = String::from_utf8_lossy(&bytes).into_owned();
            sender.send_modify(|stream| stream.text = text);
        }
        sender.send_modify(|stream| stream.ended = true);
    });
    receiver
}

async fn text(stream: &mut watch::Receiver<Stream>) -> String {
    let ended = tokio::time::timeout(SOON, stream.wait_for(|stream| stream.ended)).await;
    ended.expect("a process that is gone writes no more").unwrap().text.clone()
}
