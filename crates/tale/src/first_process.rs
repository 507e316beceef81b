//! The first process of a container, which has duties that others have not: it hands signals on,
//! since the kernel ignores those that it has not asked for; it takes leave of processes that have
//! lost their parents; and with it everything ends. So it does nothing else: the program proper is
//! its child.
//!
//! What tini and dumb-init do, and one thing more: it lasts as long as the stage that `tale up` has
//! started, and gives plays that were started by `exec` time to end.

use std::io::{IsTerminal, stdin};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, wait};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

/// The longest wait for other stages of this container after a signal. Kubernetes gives a pod half
/// a minute, docker ten seconds.
const OTHERS: Duration = Duration::from_secs(20);
/// How often is looked whether they are gone.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What is handed on. SIGCHLD is for this process itself.
const HANDED_ON: [Signal; 7] = [
    Signal::HUP,
    Signal::INT,
    Signal::QUIT,
    Signal::TERM,
    Signal::USR1,
    Signal::USR2,
    Signal::WINCH,
];

/// Is this the first process?
pub fn is_it() -> bool {
    std::process::id() == 1
}

/// Runs this program once more, as a child, and does the duties until it has ended.
///
/// # Errors
/// The child cannot be started.
pub fn run() -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("cannot start")?.block_on(watch())
}

async fn watch() -> Result<ExitCode> {
    let (told, mut signals) = mpsc::channel(8);
    for kind in HANDED_ON {
        let mut heard = signal(SignalKind::from_raw(kind.as_raw())).context("cannot listen")?;
        let told = told.clone();
        tokio::spawn(async move {
            while heard.recv().await.is_some() && told.send(kind).await.is_ok() {}
        });
    }
    let mut child_ended = signal(SignalKind::child()).context("cannot listen")?;
    let child = start()?;
    let mut last = None;
    let code = loop {
        tokio::select! {
            Some(kind) = signals.recv() => {
                last = Some(kind);
                let _ = kill_process(child, kind);
            }
            _ = child_ended.recv() => {
                if let Some(code) = reap(child) {
                    break code;
                }
            }
        }
    };
    let ends = |kind: &Signal| *kind != Signal::WINCH;
    if last.filter(ends).is_none() && code == 0 {
        // `tale up` has ended, and its stage has not.
        while !orphans().is_empty() {
            tokio::select! {
                Some(kind) = signals.recv() => if ends(&kind) { break },
                _ = child_ended.recv() => { reap(child); }
            }
        }
    }
    end_others(child).await;
    Ok(ExitCode::from(code))
}

/// This program, with the same arguments. On a terminal it is in the foreground, so that Ctrl-C is
/// for it alone, and is not handed on in addition.
fn start() -> Result<Pid> {
    let program = std::env::current_exe().context("cannot tell where this program lies")?;
    let child = Command::new(program).args(std::env::args_os().skip(1)).process_group(0).spawn();
    let child = Pid::from_child(&child.context("cannot start the program proper")?);
    if stdin().is_terminal() {
        // It may have asked for a key already, and been stopped.
        let _ = rustix::termios::tcsetpgrp(stdin(), child);
        let _ = kill_process(child, Signal::CONT);
    }
    Ok(child)
}

/// Takes leave of all that have ended. The exit code of the child, if it is one of them, as shells
/// count.
fn reap(child: Pid) -> Option<u8> {
    let mut code = None;
    while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG | WaitOptions::UNTRACED) {
        if status.stopped() {
            // Ctrl-Z: there is no shell that could let it go on.
            let _ = kill_process(pid, Signal::CONT);
        } else if pid == child {
            code = Some(exit_code(status));
        }
    }
    code
}

fn exit_code(status: WaitStatus) -> u8 {
    let code = status.exit_status().or_else(|| Some(128 + status.terminating_signal()?));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

/// Asks every other process of this program to end: a stage of `tale up`, and plays of an `exec`.
async fn end_others(child: Pid) {
    for pid in same_program() {
        let _ = kill_process(pid, Signal::TERM);
    }
    let end = Instant::now() + OTHERS;
    while !same_program().is_empty() && Instant::now() < end {
        sleep(LOOK_EVERY).await;
        reap(child);
    }
}

/// Stages whose starter has ended: processes of this program that are children of this one.
fn orphans() -> Vec<Pid> {
    let is_child = |pid: &Pid| {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
        let stat = stat.unwrap_or_default();
        // proc_pid_stat(5): behind the name, state and parent.
        let fields = stat.rsplit_once(") ").map(|(_, rest)| rest.split(' ').take(2));
        fields.is_some_and(|mut fields| fields.next() != Some("Z") && fields.next() == Some("1"))
    };
    same_program().into_iter().filter(is_child).collect()
}

/// All other processes that run this program.
fn same_program() -> Vec<Pid> {
    let identity = |pid: &str| {
        let file = std::fs::metadata(format!("/proc/{pid}/exe")).ok()?;
        Some((file.dev(), file.ino()))
    };
    let this = identity("self");
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let same = names.filter(|name| this.is_some() && identity(name) == this);
    let pids = same.filter_map(|name| Pid::from_raw(name.parse().ok()?));
    pids.filter(|pid| *pid != Pid::INIT).collect()
}
