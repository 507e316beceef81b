//! A copy of the project's folder for one test, with a stage of its own that cannot outlive it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// Generous: a busy machine is no reason to fail.
const DEADLINE: Duration = Duration::from_secs(60);

/// The services lie beside `tale`; built once per run of the tests.
static PROGRAMS: LazyLock<()> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_BIN_EXE_tale")).parent().unwrap();
    let profile = match folder.file_name().unwrap().to_str().unwrap() {
        "debug" => "dev",
        other => other,
    };
    let build = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked"])
        .args(["-p", "dns-leaker", "-p", "load", "-p", "orders", "-p", "shop"])
        .args(["--profile", profile, "--target-dir"])
        .arg(folder.parent().unwrap())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(build.unwrap().success(), "the services cannot be built");
});

pub(crate) struct Project(TempDir);

/// What a command said.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Project {
    pub(crate) fn new() -> Self {
        LazyLock::force(&PROGRAMS);
        let project = Self(tempfile::tempdir().unwrap());
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for folder in ["manifests", "tales", "chaos-experiments"] {
            copy(&root.join(folder), &project.path().join(folder));
        }
        project
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tale"));
        command.args(args).current_dir(self.path()).stdin(Stdio::null());
        command
    }

    pub(crate) fn tale(&self, args: &[&str]) -> Said {
        self.command(args).output().unwrap().into()
    }

    /// As [`Self::tale`], for what has to succeed; returns standard output.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let said = self.tale(args);
        assert_eq!(said.code, 0, "tale {args:?}: {}{}", said.out, said.err);
        said.out
    }

    pub(crate) fn status(&self) -> Value {
        serde_json::from_str(&self.ok(&["status", "--json"])).unwrap()
    }

    /// The stage's process.
    pub(crate) fn pid(&self) -> i32 {
        self.status()["pid"].as_i64().unwrap().try_into().unwrap()
    }

    /// The stage's process, from its first moment on.
    pub(crate) fn holder(&self) -> Option<i32> {
        let lock = std::fs::read_to_string(self.path().join(".tales/up/lock"));
        lock.ok()?.trim().parse().ok()
    }

    /// Waits until no process works in this folder, as stages and all their children do. Zombies
    /// have no folder.
    pub(crate) fn wait_empty(&self) {
        let here = || processes_in(&self.path().canonicalize().unwrap());
        eventually(|| here().is_empty(), || format!("still there: {:?}", here()));
    }

    pub(crate) fn write(&self, file: &str, text: &str) -> PathBuf {
        let path = self.path().join(file);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = self.command(&["down"]).output();
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

pub(crate) fn eventually(condition: impl Fn() -> bool, seen: impl Fn() -> String) {
    let end = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < end, "{}", seen());
        std::thread::yield_now();
    }
}

pub(crate) fn signal(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

pub(crate) fn end(child: &Child, how: Signal) {
    signal(child.id().try_into().unwrap(), how);
}

pub(crate) fn processes_in(folder: &Path) -> Vec<i32> {
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid: &i32| {
        std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(folder))
    })
    .collect()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            std::fs::copy(from, to).unwrap();
        }
    }
}
