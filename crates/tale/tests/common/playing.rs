//! A running `tale`: what it says, signals to it, and its end.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use super::SOON;

/// A process of its own group, as a shell starts it; killed when the test ends early.
pub(crate) struct Playing {
    child: Child,
    pid: Pid,
    out: watch::Receiver<Heard>,
    err: watch::Receiver<Heard>,
}

/// What a stream said so far.
#[derive(Default)]
struct Heard {
    text: String,
    ended: bool,
}

/// A `tale` that has ended.
pub(crate) struct Ended {
    /// The exit code; none if a signal ended it.
    pub(crate) code: Option<i32>,
    /// The signal that ended it.
    pub(crate) signal: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Playing {
    pub(super) fn start(folder: &Path, args: &[&str], path: Option<&Path>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tale"));
        command
            .args(args)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        if let Some(path) = path {
            command.env("PATH", path);
        }
        let mut child = command.spawn().unwrap();
        let pid = i32::try_from(child.id().unwrap()).unwrap();
        Self {
            out: listen(child.stdout.take().unwrap()),
            err: listen(child.stderr.take().unwrap()),
            pid: Pid::from_raw(pid).unwrap(),
            child,
        }
    }

    pub(crate) fn pid(&self) -> i32 {
        self.pid.as_raw_pid()
    }

    /// Waits until it has written `text` to standard error.
    pub(crate) async fn says(&mut self, text: &str) {
        let said = self.err.wait_for(|heard| heard.ended || heard.text.contains(text));
        let heard = tokio::time::timeout(SOON, said).await;
        let heard = heard.unwrap_or_else(|_| panic!("never said: {text}")).unwrap();
        assert!(heard.text.contains(text), "never said {text}:\n{}", heard.text);
    }

    /// Waits for its end for at most `span`; whether it ended.
    pub(crate) async fn ends_within(&mut self, span: Duration) -> bool {
        tokio::time::timeout(span, self.child.wait()).await.is_ok()
    }

    /// SIGKILL, to this process only.
    pub(crate) fn kill(&self) {
        kill_process(self.pid, Signal::KILL).unwrap();
    }

    /// Ctrl-C: the terminal sends it to the whole group.
    pub(crate) fn interrupt(&self) {
        kill_process_group(self.pid, Signal::INT).unwrap();
    }

    /// Waits for its end.
    pub(crate) async fn end(mut self) -> Ended {
        let status = tokio::time::timeout(SOON, self.child.wait()).await;
        let Ok(status) = status else {
            panic!("does not end:\n{}", self.err.borrow().text);
        };
        let status = status.unwrap();
        Ended {
            code: status.code(),
            signal: status.signal(),
            stdout: all(&mut self.out).await,
            stderr: all(&mut self.err).await,
        }
    }
}

impl Ended {
    /// Panics with everything it said unless the exit code is `code`.
    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        assert!(!self.stderr.contains('\x1b'), "no terminal, no escape codes: {:?}", self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }
}

fn listen(mut stream: impl AsyncRead + Unpin + Send + 'static) -> watch::Receiver<Heard> {
    let (heard, receiver) = watch::channel(Heard::default());
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
            let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
            heard.send_modify(|heard| heard.text.push_str(&text));
        }
        heard.send_modify(|heard| heard.ended = true);
    });
    receiver
}

async fn all(stream: &mut watch::Receiver<Heard>) -> String {
    let heard = tokio::time::timeout(SOON, stream.wait_for(|heard| heard.ended)).await;
    heard.expect("a process that is gone writes no more").unwrap().text.clone()
}
