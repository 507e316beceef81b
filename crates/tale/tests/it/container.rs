//! As in a container, without one: `tale` is the first process of a PID namespace, nobody in
//! particular, without HOME, and cannot write to the project's folder.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use reqwest::Method;
use rustix::process::Signal;
use serde_json::Value;
use testkit::processes;
use testkit::program::{Ended, Running, was_starved};
use testkit::project::Project;
use testkit::terminal::Terminal;
use testkit::wait::eventually;
use tokio::process::Command;

use crate::TALE;
use crate::play::with_short;
use crate::project;

/// How long Kubernetes waits for the end of a pod.
const GRACE: Duration = Duration::from_secs(30);

/// A project that cannot be written to, and the only folder that can.
struct Container {
    project: Project,
    writable: tempfile::TempDir,
}

impl Container {
    async fn new() -> Self {
        let project = with_short(project().await);
        fs::set_permissions(project.path(), Permissions::from_mode(0o555)).unwrap();
        let writable = tempfile::tempdir().unwrap();
        Self { project, writable }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-user=12345", "--map-group=12345"]);
        command.args(["--pid", "--fork", "--kill-child", "--mount-proc", TALE]).args(args);
        command.current_dir(self.project.path()).env_clear().env("TMPDIR", self.writable.path());
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command
    }

    fn start(&self, args: &[&str]) -> Running {
        Running::start(&mut self.command(args))
    }

    async fn run(&self, args: &[&str]) -> Ended {
        let mut ended = self.start(args).end().await;
        for _ in 0..2 {
            if was_starved(ended.code, &ended.stderr) {
                ended = self.start(args).end().await;
            }
        }
        ended
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // So that it can be removed.
        let _ = fs::set_permissions(self.project.path(), Permissions::from_mode(0o755));
    }
}

/// The first process inside, as it is called outside.
async fn first(running: &Running) -> i32 {
    let pid = running.pid();
    let child = async || {
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
        let child = children.split_whitespace().next()?.parse().ok()?;
        let exe = fs::read_link(format!("/proc/{child}/exe")).ok()?;
        (exe == Path::new(TALE)).then_some(child)
    };
    eventually("the first process", child).await
}

/// The files of a report in a tar file.
fn unpacked(tar: &str) -> BTreeMap<String, String> {
    let mut archive = tar::Archive::new(tar.as_bytes());
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        (entry.path().unwrap().display().to_string(), text)
    });
    entries.collect()
}

fn verdict(files: &BTreeMap<String, String>) -> String {
    let report: Value = serde_json::from_str(&files["report.json"]).unwrap();
    report["verdict"].as_str().unwrap().to_owned()
}

#[tokio::test]
#[ignore = "needs user namespaces"]
async fn in_a_container_anybody_plays_a_story_and_its_report_comes_out() {
    let container = Container::new().await;
    let ended = container.run(&["play", "short", "--out", "-"]).await.expect_code(0);
    let state = container.writable.path().join("tales-12345");
    let words = format!("cannot be written to; state and reports are in {}", state.display());
    assert!(ended.stderr.contains(&words), "{ended}");
    assert!(ended.stderr.contains("report: on standard output, as a tar file"), "{ended}");
    let files = unpacked(&ended.stdout);
    assert_eq!(verdict(&files), "kept");
    assert!(files.contains_key("report.html") && files.contains_key("junit.xml"));
    // Nobody else looks into it, and no play is left there.
    assert_eq!(fs::metadata(&state).unwrap().permissions().mode() & 0o777, 0o700);
    let left: Vec<_> = fs::read_dir(&state).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, [state.join("reports")]);
}

#[tokio::test]
#[ignore = "needs user namespaces"]
async fn in_a_container_a_signal_ends_a_story_and_what_it_saw_comes_out() {
    let container = Container::new().await;
    let out = container.writable.path().join("out");
    fs::create_dir(&out).unwrap();
    let mut command = container.command(&["play", "short"]);
    let mut running = Running::start(command.env("TALES_OUT", &out));
    running.wait_for("dark").await;
    processes::signal(first(&running).await, Signal::TERM);
    assert!(running.ends_within(GRACE).await, "it does not end in time");
    let ended = running.end().await.expect_code(130);
    assert!(ended.stderr.contains("stopped: 1 of 3"), "{ended}");
    let report: Value =
        serde_json::from_str(&fs::read_to_string(out.join("report.json")).unwrap()).unwrap();
    assert_eq!(report["verdict"], "undecided");
}

#[tokio::test]
#[ignore = "needs user namespaces"]
async fn in_a_container_a_folder_of_somebody_else_is_refused_before_the_story_begins() {
    let container = Container::new().await;
    let out = container.writable.path().join("out");
    fs::create_dir(&out).unwrap();
    fs::set_permissions(&out, Permissions::from_mode(0o555)).unwrap();
    let mut command = container.command(&["play", "short"]);
    let ended = Running::start(command.env("TALES_OUT", &out)).end().await.expect_code(2);
    for words in ["--user \"$(id -u):$(id -g)\"", "--out -", "cannot write the report"] {
        assert!(ended.stderr.contains(words), "{words}: {ended}");
    }
    assert!(!ended.stderr.contains("the stage is up"), "too late: {ended}");
}

#[tokio::test]
#[ignore = "needs user namespaces"]
async fn in_a_container_ctrl_c_is_heard_once() {
    let container = Container::new().await;
    let mut terminal = Terminal::start(&container.command(&["play", "short"]), 80, 24);
    terminal.wait_for("dark").await;
    terminal.keys("\x03");
    assert_eq!(terminal.end().await, 130);
    let lines = terminal.lines().join("\n");
    assert!(lines.contains("stopped: 1 of 3") && !lines.contains("killed"), "{lines}");
}

#[tokio::test]
#[ignore = "needs user namespaces"]
async fn in_a_container_a_stage_stays_up_without_its_starter_and_orphans_are_buried() {
    let container = Container::new().await;
    let free = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let mut running = container.start(&["up", "hello", "--listen", &free.to_string()]);
    let page = async || reqwest::get(format!("http://{free}/")).await.ok()?.text().await.ok();
    let shown = async || page().await.filter(|text| text.contains("hello-"));
    eventually("the page of the stage", shown).await;
    running.wait_for("✓ Prometheus has a first sample of every pod").await;
    // All for looking: the stage listens on loopback alone, and is no more open than its page.
    let client = reqwest::Client::new();
    for (method, path, status) in [
        (Method::GET, "/api/v1/query?query=up", 200),
        (Method::POST, "/api/v1/query?query=up", 200),
        (Method::GET, "/api/v2/status", 200),
        (Method::GET, "/services/default/hello/", 200),
        (Method::GET, "/services/default/nobody/", 404),
        (Method::GET, "/report/", 404),
        (Method::POST, "/services/default/hello/", 405),
        (Method::POST, "/-/quit", 405),
        (Method::POST, "/api/v2/silences", 405),
    ] {
        let answer = client.request(method.clone(), format!("http://{free}{path}")).send().await;
        assert_eq!(answer.unwrap().status().as_u16(), status, "{method} {path}");
    }
    let first = first(&running).await;
    let inside = format!("--target={first}");
    // A process that loses its parent, and ends.
    let script = "(sleep 0.2 &) ; exit 0";
    let mut enter = Command::new("nsenter");
    enter.args([&inside, "--user", "--preserve-credentials", "--pid", "sh", "-c", script]);
    assert!(enter.status().await.unwrap().success());
    let buried = async || {
        let of_first = |stat: &str| stat.contains(&format!(") Z {first} "));
        let stats = processes::pids().map(|pid| fs::read_to_string(format!("/proc/{pid}/stat")));
        let left = stats.filter_map(Result::ok).filter(|stat| of_first(stat)).count();
        let sleeps = |pid| processes::command_line(pid) == "sleep 0.2";
        (left == 0 && !processes::pids().any(sleeps)).then_some(())
    };
    eventually("no process that has ended and is not buried", buried).await;
    assert!(!running.ends_within(Duration::from_millis(200)).await, "the stage is gone");
    processes::signal(first, Signal::TERM);
    assert!(running.ends_within(GRACE).await, "it does not end in time");
    running.end().await.expect_code(0);
    assert!(reqwest::get(format!("http://{free}/")).await.is_err());
}
