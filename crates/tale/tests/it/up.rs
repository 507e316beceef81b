//! `tale up`, `down`, `status` and `chaos`, from the outside: real processes, a real Prometheus and
//! Alertmanager.

use std::process::Stdio;

use rustix::process::Signal;
use serde_json::Value;
use testkit::processes::{signal, working_in};
use testkit::program::{Ended, Running};
use testkit::project::Project;
use testkit::wait::{SOON, eventually, until};

use crate::{TALE, project};

const ERROR: &str = "chaos-experiments/dns-leak/dns-error.yaml";
const SCHEDULE: &str = "chaos-experiments/dns-leak/schedule.yaml";

const MUCH: &str = "{apiVersion: chaos-mesh.org/v1alpha1, kind: StressChaos, metadata: {name: much}, spec: {mode: one, selector: {}, duration: 1m, stressors: {cpu: {workers: 8192, load: 1}}}}";

const NOBODY: &str = "{apiVersion: chaos-mesh.org/v1alpha1, kind: PodChaos, metadata: {name: nobody}, spec: {action: pod-kill, mode: one, selector: {labelSelectors: {app: nobody}}}}";

const NO_PORT: &str = "{apiVersion: chaos-mesh.org/v1alpha1, kind: HTTPChaos, metadata: {name: port}, spec: {mode: all, target: Request, abort: true, port: 80, duration: 1m, selector: {}}}";

const HTTPS: &str = "{apiVersion: chaos-mesh.org/v1alpha1, kind: StatusCheck, metadata: {name: sc-https}, spec: {type: HTTP, duration: 5s, http: {url: 'https://shop:8000/', criteria: {statusCode: '200'}}}}";

/// Refused before anything is applied: the reason stands below the sentence that says so.
#[track_caller]
fn refused_in_two_lines(ended: &Ended, reason: &str) {
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{}", ended.stderr);
    assert!(ended.stderr.contains("nothing was injected:\n"), "{}", ended.stderr);
    assert!(ended.stderr.contains(reason), "{}", ended.stderr);
}

/// Refused: exit code 2, nothing on standard output, one line that says all of these.
#[track_caller]
fn refused(ended: &Ended, words: &[&str]) {
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    for word in words {
        assert!(ended.stderr.contains(word), "`{word}` is not in: {}", ended.stderr);
    }
}

async fn status(project: &Project) -> Value {
    project.run(&["status", "--json"]).await.expect_code(0).json()
}

/// The stage's process.
async fn pid(project: &Project) -> i32 {
    status(project).await["pid"].as_i64().unwrap().try_into().unwrap()
}

/// The stage's process, from the moment on at which it has the folder, whatever it is doing.
async fn first_pid(project: &Project) -> i32 {
    let lock = project.path().join(".tales/up/lock");
    let holder = async || std::fs::read_to_string(&lock).ok()?.trim().parse().ok();
    eventually("a stage that starts", holder).await
}

/// Waits until at least this many processes work in the folder.
async fn starts_processes(project: &Project, least: usize) {
    let here = project.path().canonicalize().unwrap();
    let enough = async || (working_in(&here).len() >= least).then_some(());
    eventually("the processes of a stage", enough).await;
}

/// Repeats a command until what it prints is as wanted; what it prints then.
async fn prints(project: &Project, args: &[&str], wanted: impl Fn(&str) -> bool) -> String {
    let mut last = String::new();
    let printed = until(async || {
        last = project.ok(args).await;
        wanted(&last).then(|| last.clone())
    });
    let printed = tokio::time::timeout(SOON, printed).await;
    printed.unwrap_or_else(|_| panic!("{args:?} prints still:\n{last}"))
}

#[tokio::test]
async fn a_stage_is_started_inspected_broken_repaired_and_taken_down() {
    let project = project().await;
    let up = project.ok(&["up", "dns-leaker"]).await;
    assert!(up.contains("./tale chaos apply"), "{up}");
    assert!(up.contains("first samples"), "{up}");

    let status = status(&project).await;
    let pods = status["pods"].as_array().unwrap();
    assert_eq!(pods.len(), 4);
    assert!(pods.iter().all(|pod| pod["ready"] == true), "{status}");
    let prometheus = status["urls"]["prometheus"].as_str().unwrap();
    let table = project.ok(&["status"]).await;
    assert!(table.contains(prometheus), "{table}");
    assert!(table.contains(pods[0]["name"].as_str().unwrap()), "{table}");
    assert!(!table.contains('\x1b'), "a pipe gets no colours: {table}");

    let object = "dnschaos.chaos-mesh.org/dns-goes-dark";
    let rehearsal = project.ok(&["chaos", "apply", "--dry-run", ERROR]).await;
    assert!(rehearsal.contains("4 of 4 matching pods"), "{rehearsal}");
    assert_eq!(project.ok(&["chaos", "get"]).await, "No resources found.\n");
    let created = project.ok(&["chaos", "apply", ERROR]).await;
    assert_eq!(created, format!("{object} created\n"));
    let again = project.ok(&["chaos", "apply", ERROR]).await;
    assert_eq!(again, format!("{object} unchanged\n"));
    let list = project.ok(&["chaos", "get"]).await;
    assert!(list.contains(object) && list.contains("ACTION"), "{list}");
    let injected = |text: &str| {
        let mut lines = text.lines().map(str::trim);
        lines.any(|line| line.starts_with("AllInjected") && line.ends_with("True"))
    };
    let text = prints(&project, &["chaos", "describe", "dns-goes-dark"], injected).await;
    assert!(text.contains("Mechanism:\n  the pod's resolv.conf"), "{text}");
    let table = project.ok(&["status"]).await;
    assert!(table.contains("dnschaos/dns-goes-dark   4 of 4"), "{table}");

    let paused = project.ok(&["chaos", "pause", "dnschaos/dns-goes-dark"]).await;
    assert_eq!(paused, format!("{object} paused\n"));
    let resumed = project.ok(&["chaos", "pause", "dns-goes-dark", "--resume"]).await;
    assert_eq!(resumed, format!("{object} resumed\n"));

    // What was done before a refusal is printed all the same.
    let text = project.read(ERROR);
    let other = text.replace("name: dns-goes-dark", "name: other");
    let changed = text.replace("mode: all", "mode: one");
    project.write("two.yaml", &format!("{other}\n---\n{changed}"));
    let half = project.run(&["chaos", "apply", "two.yaml"]).await;
    assert_eq!(half.stdout, "dnschaos.chaos-mesh.org/other created\n");
    assert!(half.stderr.contains("cannot change"), "{}", half.stderr);
    assert_eq!(half.code, Some(2));
    project.ok(&["chaos", "delete", "dnschaos.chaos-mesh.org/other"]).await;

    // "No" has an exit code: nobody is hit, no pod has the port, the stage cannot do it.
    for (document, words) in [(NOBODY, "no pod is selected"), (NO_PORT, "8000 or 9000")] {
        project.write("no.yaml", document);
        let rehearsal = project.run(&["chaos", "apply", "--dry-run", "no.yaml"]).await;
        assert_eq!(rehearsal.code, Some(2), "{}", rehearsal.stdout);
        assert!(rehearsal.stdout.contains(words), "{}", rehearsal.stdout);
        let applied = project.run(&["chaos", "apply", "no.yaml"]).await.expect_code(2);
        assert!(applied.stderr.contains("injects nothing"), "{}", applied.stderr);
        assert!(applied.stderr.contains(words), "{}", applied.stderr);
        project.ok(&["chaos", "delete", "no.yaml"]).await;
    }
    project.write("no.yaml", HTTPS);
    refused_in_two_lines(&project.run(&["chaos", "apply", "no.yaml"]).await, "speaks no TLS");
    assert!(!project.ok(&["chaos", "get"]).await.contains("sc-https"), "nothing was applied");

    // More than a laptop can spare: what was cut is shown.
    project.write("much.yaml", MUCH);
    project.ok(&["chaos", "apply", "much.yaml"]).await;
    let cut = |text: &str| text.contains("CPU workers instead of 8192");
    prints(&project, &["chaos", "describe", "much"], cut).await;
    project.ok(&["chaos", "delete", "much"]).await;

    let deleted = project.ok(&["chaos", "delete", ERROR]).await;
    assert_eq!(deleted, "dnschaos.chaos-mesh.org \"dns-goes-dark\" deleted\n");
    assert_eq!(project.ok(&["chaos", "get"]).await, "No resources found.\n");
    let gone = project.run(&["chaos", "delete", "dns-goes-dark"]).await;
    refused(&gone, &["dns-goes-dark not found", "tale chaos get"]);

    let down = project.ok(&["down"]).await;
    assert!(down.contains("the stage is down"), "{down}");
    project.is_left_alone_within(SOON).await;
    assert_eq!(project.ok(&["down"]).await, "no stage is running\n");
}

#[tokio::test]
async fn a_stage_is_explored_with_alerts_inbox_logs_and_set() {
    let project = project().await;
    let up = project.ok(&["up", "hello", "--set", "NAMES_MAX=7"]).await;
    assert!(up.contains("topk(3, name_counter)"), "{up}");
    let none = project.run(&["alerts"]).await.expect_code(0);
    assert_eq!(
        (none.stdout.as_str(), none.stderr.as_str()),
        ("", "no alert is pending or firing\n")
    );
    assert_eq!(project.run(&["inbox"]).await.expect_code(0).stderr, "nobody was told anything\n");

    let url = up.lines().find_map(|line| line.trim().strip_prefix("curl '")).unwrap();
    let url = url.trim_end_matches('\'').replace("/hello/michael?caps=true", "");
    let admin = up.lines().find_map(|line| line.trim().strip_suffix("/metrics")).unwrap();
    let admin = admin.trim_start_matches("curl ");
    for page in [format!("{admin}/"), page_of(&up, "alerts page"), page_of(&up, "Alertmanager")] {
        let answer = reqwest::get(&page).await.unwrap();
        assert!(answer.status().is_success(), "{page} leads nowhere: {}", answer.status());
    }
    assert!(reqwest::get(format!("{url}/hello/x")).await.unwrap().status().is_success());

    let logs = project.ok(&["logs", "hello", "--tail", "1"]).await;
    assert_eq!(logs.lines().count(), 1, "{logs}");
    assert!(logs.starts_with('{'), "{logs}");
    let living = async || {
        let status = status(&project).await;
        let mut pods = status["pods"].as_array().unwrap().clone();
        pods.retain(|pod| pod["terminating"] == false);
        pods.remove(0)["name"].clone()
    };
    let before = living().await;
    let set = project.ok(&["set", "deployment/hello", "NAMES_MAX=8"]).await;
    assert_eq!(set, "deployment.apps/hello rolled out\n");
    assert_ne!(living().await, before);
    refused(&project.run(&["set", "deployment/helo", "A=b"]).await, &["did you mean `hello`?"]);
    refused(&project.run(&["logs", "nobody"]).await, &["no pod `nobody`", "write one of hello-"]);
    project.ok(&["down"]).await;
}

/// A page that `up` or `status` prints.
fn page_of(text: &str, what: &str) -> String {
    let line = text.lines().find_map(|line| line.strip_prefix(what));
    line.unwrap_or_else(|| panic!("no {what} in {text}")).trim().to_owned()
}

#[tokio::test]
async fn a_frozen_stage_is_called_frozen_and_a_dead_plays_folder_goes_with_the_next_command() {
    let project = project().await;
    project.ok(&["up", "hello"]).await;
    let stage = pid(&project).await;
    signal(stage, Signal::STOP);
    let process = format!("`up` (process {stage})");
    refused(&project.run(&["status"]).await, &[&process, "frozen", "kill -CONT"]);
    signal(stage, Signal::CONT);
    let dead = project.path().join(".tales/play-dns-leak-4194998");
    std::fs::create_dir_all(dead.join("stage")).unwrap();
    project.ok(&["status"]).await;
    assert!(!dead.exists());
    project.ok(&["down"]).await;
}

#[tokio::test]
async fn two_plays_are_told_apart() {
    let project = project().await;
    let plays = [(); 2].map(|()| project.start(&["play", "dns-leak"]));
    for play in &plays {
        let process = play.pid().to_string();
        let one = async || {
            let status = project.run(&["status", &process]).await;
            (status.code == Some(0)).then_some(status.stdout)
        };
        let table = eventually("the status of one of them", one).await;
        assert!(table.contains(&format!("play dns-leak, process {process}")), "{table}");
    }
    let either = project.run(&["status"]).await.expect_code(0);
    assert!(either.stderr.contains("several stages are up"), "{}", either.stderr);
    for play in plays {
        assert!(either.stderr.contains(&format!("(process {})", play.pid())), "{}", either.stderr);
        // The terminal is closed: as good as a SIGTERM.
        play.signal(Signal::HUP);
        play.end().await.expect_code(130);
    }
    project.is_left_alone_within(SOON).await;
}

#[tokio::test]
async fn a_second_up_is_refused_and_a_sigterm_ends_the_first() {
    let project = project().await;
    project.ok(&["up", "dns-leaker"]).await;
    let first = pid(&project).await;
    refused(&project.run(&["up"]).await, &["already up", "`tale down`"]);
    assert_eq!(pid(&project).await, first, "the first is still there");
    signal(first, Signal::TERM);
    project.is_left_alone_within(SOON).await;
    assert_eq!(project.ok(&["down"]).await, "no stage is running\n");
}

#[tokio::test]
async fn a_killed_stage_leaves_no_process_and_the_next_one_goes_up() {
    let project = project().await;
    project.ok(&["up", "dns-leaker"]).await;
    let first = pid(&project).await;
    project.ok(&["chaos", "apply", ERROR]).await;
    signal(first, Signal::KILL);
    project.is_left_alone_within(SOON).await;
    refused(&project.run(&["status"]).await, &["no stage is running"]);

    project.ok(&["up", "dns-leaker"]).await;
    assert_ne!(pid(&project).await, first);
    assert_eq!(project.ok(&["chaos", "get"]).await, "No resources found.\n");
    signal(pid(&project).await, Signal::KILL);
    project.is_left_alone_within(SOON).await;
    let down = project.ok(&["down"]).await;
    assert!(down.contains("removed what a killed one had left"), "{down}");
    assert_eq!(project.ok(&["down"]).await, "no stage is running\n");
}

#[tokio::test]
async fn a_stage_that_hangs_is_killed_by_down() {
    let project = project().await;
    let up = project.start(&["up"]);
    signal(first_pid(&project).await, Signal::STOP);
    let down = project.ok(&["down"]).await;
    assert!(down.contains("was killed"), "{down}");
    up.end().await.expect_code(2);
    project.is_left_alone_within(SOON).await;
}

#[tokio::test]
async fn a_stage_killed_in_the_middle_of_its_start_leaves_nothing() {
    // Everything there is comes up here.
    let project = Project::half(TALE).await;
    let up = project.start(&["up"]);
    starts_processes(&project, 4).await;
    signal(first_pid(&project).await, Signal::KILL);
    up.end().await.expect_code(2);
    project.is_left_alone_within(SOON).await;
    project.ok(&["up"]).await;
}

#[tokio::test]
async fn an_interrupted_up_takes_its_stage_down() {
    let project = project().await;
    let up = project.start(&["up"]);
    // The command, the stage, and at least one program that the stage has started.
    starts_processes(&project, 3).await;
    up.signal(Signal::INT);
    up.end().await.expect_code(130);
    project.is_left_alone_within(SOON).await;
}

#[tokio::test]
async fn a_stage_that_cannot_start_says_why_and_leaves_nothing() {
    let project = project().await;
    let file = "manifests/base/dns-leaker/deployment.yaml";
    project.edit(file, "[dns-leaker]", "[no-such-program]");
    let ended = project.run(&["up"]).await.expect_code(2);
    assert!(ended.stderr.contains("no-such-program"), "{}", ended.stderr);
    project.is_left_alone_within(SOON).await;
    assert_eq!(project.ok(&["down"]).await, "no stage is running\n");
}

#[tokio::test]
async fn a_play_can_be_inspected_from_another_terminal() {
    let project = project().await;
    let play = project.start(&["play", "dns-leak"]);
    let table = async || {
        let status = project.run(&["status"]).await;
        (status.code == Some(0)).then_some(status.stdout)
    };
    let table = eventually("the status of the play", table).await;
    assert!(table.contains("play dns-leak"), "{table}");
    assert_eq!(project.ok(&["chaos", "get"]).await, "No resources found.\n");
    let down = project.ok(&["down"]).await;
    assert!(down.contains("`play dns-leak` ends with its story"), "{down}");
    play.signal(Signal::INT);
    play.end().await.expect_code(130);
    project.is_left_alone_within(SOON).await;
}

#[tokio::test]
async fn a_rehearsal_needs_no_stage() {
    let project = project().await;
    let text = project.ok(&["chaos", "apply", "--dry-run", SCHEDULE]).await;
    for words in ["no stage is running", "60 in the next hour", "Mechanism:", "Warning:"] {
        assert!(text.contains(words), "`{words}` is not in: {text}");
    }
    // As people give files to kubectl.
    let folder = project.ok(&["chaos", "apply", "--dry-run", "-f", "chaos-experiments/pods"]).await;
    assert_eq!(folder.matches("(dry run,").count(), 3, "{folder}");
    let nothing = project.run(&["chaos", "apply", "--dry-run", "-f", "-"]).await;
    refused(&nothing, &["standard input", "no document"]);
    for args in [&["chaos", "apply", SCHEDULE][..], &["chaos", "get"], &["status"]] {
        refused(&project.run(args).await, &["no stage is running; start one with ./tale up"]);
    }
}

#[tokio::test]
async fn bad_files_and_names_are_refused_in_one_line() {
    let project = project().await;
    let apply = async |file: &str| project.run(&["chaos", "apply", "--dry-run", file]).await;
    refused(&apply("nowhere.yaml").await, &["nowhere.yaml: cannot be read"]);
    project.write("empty.yaml", "");
    refused(&apply("empty.yaml").await, &["empty.yaml", "no document"]);
    let text = project.read(ERROR);
    project.write("mode.yaml", &text.replace("mode: all", "mode: some"));
    refused(&apply("mode.yaml").await, &["mode.yaml: document 1: spec.mode", "`some`"]);
    project.write("big.yaml", &" ".repeat(2 << 20));
    refused(&apply("big.yaml").await, &["big.yaml: 2097152 bytes", "split the file"]);
    refused(
        &project.run(&["up", "unlike-all"]).await,
        &["`unlike-all`", "write one of dns-leaker"],
    );
}

#[tokio::test]
async fn a_path_that_is_too_long_for_a_socket_is_refused_before_anything_starts() {
    let project = project().await;
    let deep = project.path().join("x".repeat(100));
    std::fs::create_dir_all(deep.join("tales")).unwrap();
    let base = deep.join("manifests/base/dns-leaker");
    std::fs::create_dir_all(&base).unwrap();
    let service = "manifests/base/dns-leaker/service.yaml";
    std::fs::copy(project.path().join(service), deep.join(service)).unwrap();
    let mut up = project.command(&["up"]);
    let ended = Running::start(up.current_dir(&deep)).end().await;
    refused(&ended, &["control.sock", "107 bytes", "shorter path"]);
}

#[tokio::test]
async fn a_reader_that_closes_the_pipe_causes_no_panic() {
    let project = project().await;
    let mut rehearse = project.command(&["chaos", "apply", "--dry-run", SCHEDULE]);
    let mut child = rehearse.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ended = Ended::from(child.wait_with_output().await.unwrap());
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}
