//! `tale up`, `down`, `status` and `chaos`, from the outside: real processes, a real Prometheus and
//! Alertmanager.
#![allow(
    clippy::unwrap_used,
    reason = "clippy takes helpers outside of test functions for production code"
)]

mod project;

use std::process::Stdio;

use rustix::process::Signal;

use project::{Project, Said, end, eventually, processes_in, signal};

const ERROR: &str = "chaos-experiments/dns-leak/dns-error.yaml";
const SCHEDULE: &str = "chaos-experiments/dns-leak/schedule.yaml";

const MUCH: &str = "{apiVersion: chaos-mesh.org/v1alpha1, kind: StressChaos, metadata: {name: much}, spec: {mode: one, selector: {}, duration: 1m, stressors: {cpu: {workers: 8192, load: 1}}}}";

/// Refused: exit code 2, nothing on standard output, one line that says all of these.
fn refused(said: &Said, words: &[&str]) {
    assert_eq!((said.code, said.out.as_str()), (2, ""), "{}", said.err);
    assert_eq!(said.err.lines().count(), 1, "{}", said.err);
    for word in words {
        assert!(said.err.contains(word), "`{word}` is not in: {}", said.err);
    }
}

#[test]
fn a_stage_goes_up_is_looked_at_broken_mended_and_taken_down() {
    let project = Project::new();
    let up = project.ok(&["up", "dns-leaker"]);
    assert!(up.contains("./tale chaos apply"), "{up}");
    assert!(up.contains("first samples"), "{up}");

    let status = project.status();
    let pods = status["pods"].as_array().unwrap();
    assert_eq!(pods.len(), 4);
    assert!(pods.iter().all(|pod| pod["ready"] == true), "{status}");
    let prometheus = status["urls"]["prometheus"].as_str().unwrap();
    let table = project.ok(&["status"]);
    assert!(table.contains(prometheus), "{table}");
    assert!(table.contains(pods[0]["name"].as_str().unwrap()), "{table}");
    assert!(!table.contains('\x1b'), "a pipe gets no colours: {table}");

    let object = "dnschaos.chaos-mesh.org/dns-goes-dark";
    let rehearsal = project.ok(&["chaos", "apply", "--dry-run", ERROR]);
    assert!(rehearsal.contains("4 of 4 matching pods"), "{rehearsal}");
    assert_eq!(project.ok(&["chaos", "get"]), "No resources found.\n");
    let created = project.ok(&["chaos", "apply", ERROR]);
    assert_eq!(created, format!("{object} created\n"));
    let again = project.ok(&["chaos", "apply", ERROR]);
    assert_eq!(again, format!("{object} unchanged\n"));
    let list = project.ok(&["chaos", "get"]);
    assert!(list.contains(object) && list.contains("ACTION"), "{list}");
    let describe = || project.ok(&["chaos", "describe", "dns-goes-dark"]);
    let injected = |text: String| {
        let mut lines = text.lines().map(str::trim);
        lines.any(|line| line.starts_with("AllInjected") && line.ends_with("True"))
    };
    eventually(|| injected(describe()), describe);
    assert!(describe().contains("Mechanism:\n  the pod's resolv.conf"));
    let table = project.ok(&["status"]);
    assert!(table.contains("dnschaos/dns-goes-dark   4 of 4"), "{table}");

    let paused = project.ok(&["chaos", "pause", "dnschaos/dns-goes-dark"]);
    assert_eq!(paused, format!("{object} paused\n"));
    let resumed = project.ok(&["chaos", "pause", "dns-goes-dark", "--resume"]);
    assert_eq!(resumed, format!("{object} resumed\n"));

    // What was done before a refusal is told all the same.
    let text = std::fs::read_to_string(project.path().join(ERROR)).unwrap();
    let other = text.replace("name: dns-goes-dark", "name: other");
    let changed = text.replace("mode: all", "mode: one");
    project.write("two.yaml", &format!("{other}\n---\n{changed}"));
    let half = project.tale(&["chaos", "apply", "two.yaml"]);
    assert_eq!(half.out, "dnschaos.chaos-mesh.org/other created\n");
    assert!(half.err.contains("cannot change"), "{}", half.err);
    assert_eq!(half.code, 2);
    project.ok(&["chaos", "delete", "dnschaos.chaos-mesh.org/other"]);

    // More than a laptop can spare: what was cut is told.
    project.write("much.yaml", MUCH);
    project.ok(&["chaos", "apply", "much.yaml"]);
    let describe = || project.ok(&["chaos", "describe", "much"]);
    let cut = |text: String| text.contains("CPU workers instead of 8192");
    eventually(|| cut(describe()), describe);
    project.ok(&["chaos", "delete", "much"]);

    let deleted = project.ok(&["chaos", "delete", ERROR]);
    assert_eq!(deleted, "dnschaos.chaos-mesh.org \"dns-goes-dark\" deleted\n");
    assert_eq!(project.ok(&["chaos", "get"]), "No resources found.\n");
    let gone = project.tale(&["chaos", "delete", "dns-goes-dark"]);
    refused(&gone, &["dns-goes-dark not found", "tale chaos get"]);

    let down = project.ok(&["down"]);
    assert!(down.contains("the stage is down"), "{down}");
    project.wait_empty();
    assert_eq!(project.ok(&["down"]), "no stage is running\n");
}

#[test]
fn a_second_up_is_refused_and_a_sigterm_ends_the_first() {
    let project = Project::new();
    project.ok(&["up"]);
    let pid = project.pid();
    refused(&project.tale(&["up"]), &["already up", "`tale down`"]);
    assert_eq!(project.pid(), pid, "the first is still there");
    signal(pid, Signal::TERM);
    project.wait_empty();
    assert_eq!(project.ok(&["down"]), "no stage is running\n");
}

#[test]
fn a_killed_stage_leaves_no_process_and_the_next_one_goes_up() {
    let project = Project::new();
    project.ok(&["up"]);
    let pid = project.pid();
    project.ok(&["chaos", "apply", ERROR]);
    signal(pid, Signal::KILL);
    project.wait_empty();
    refused(&project.tale(&["status"]), &["no stage is running"]);

    project.ok(&["up"]);
    assert_ne!(project.pid(), pid);
    assert_eq!(project.ok(&["chaos", "get"]), "No resources found.\n");
    signal(project.pid(), Signal::KILL);
    project.wait_empty();
    let down = project.ok(&["down"]);
    assert!(down.contains("removed what a killed one had left"), "{down}");
    assert_eq!(project.ok(&["down"]), "no stage is running\n");
}

#[test]
fn a_stage_that_hangs_is_killed_by_down() {
    let project = Project::new();
    let mut up = project.command(&["up"]);
    let up = up.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut up = up.unwrap();
    // From the moment on at which the stage's process has the folder, whatever it is doing.
    let started = || project.holder().is_some();
    eventually(started, || "no stage has started".to_owned());
    signal(project.holder().unwrap(), Signal::STOP);
    let down = project.ok(&["down"]);
    assert!(down.contains("was killed"), "{down}");
    assert_eq!(up.wait().unwrap().code(), Some(2));
    project.wait_empty();
}

#[test]
fn a_stage_killed_in_the_middle_of_its_start_leaves_nothing() {
    let project = Project::new();
    let mut up = project.command(&["up"]);
    let up = up.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let up = up.unwrap();
    let here = project.path().canonicalize().unwrap();
    let some = || processes_in(&here).len() > 3;
    eventually(some, || "no stage has started".to_owned());
    signal(project.holder().unwrap(), Signal::KILL);
    let said: Said = up.wait_with_output().unwrap().into();
    assert_eq!(said.code, 2, "{}", said.err);
    project.wait_empty();
    project.ok(&["up"]);
}

#[test]
fn an_interrupted_up_takes_its_stage_back() {
    let project = Project::new();
    let mut up = project.command(&["up"]);
    let up = up.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let up = up.unwrap();
    // The command, the stage, and at least one program that the stage has started.
    let here = project.path().canonicalize().unwrap();
    let some = || processes_in(&here).len() > 2;
    eventually(some, || "no stage has started".to_owned());
    end(&up, Signal::INT);
    let said: Said = up.wait_with_output().unwrap().into();
    assert_eq!(said.code, 130, "{}{}", said.out, said.err);
    project.wait_empty();
}

#[test]
fn a_stage_that_cannot_start_says_why_and_leaves_nothing() {
    let project = Project::new();
    let file = "manifests/base/dns-leaker/deployment.yaml";
    let text = std::fs::read_to_string(project.path().join(file)).unwrap();
    project.write(file, &text.replace("[dns-leaker]", "[no-such-program]"));
    let said = project.tale(&["up"]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(said.err.contains("no-such-program"), "{}", said.err);
    project.wait_empty();
    assert_eq!(project.ok(&["down"]), "no stage is running\n");
}

#[test]
fn a_play_can_be_looked_at_from_another_terminal() {
    let project = Project::new();
    let mut play = project.command(&["play", "dns-leak"]);
    let play = play.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let play = play.unwrap();
    let look = || project.tale(&["status"]);
    eventually(|| look().code == 0, || look().err);
    let table = look().out;
    assert!(table.contains("play dns-leak"), "{table}");
    assert_eq!(project.ok(&["chaos", "get"]), "No resources found.\n");
    let down = project.ok(&["down"]);
    assert!(down.contains("`play dns-leak` ends with its story"), "{down}");
    end(&play, Signal::INT);
    let said: Said = play.wait_with_output().unwrap().into();
    assert_eq!(said.code, 130, "{}", said.err);
    project.wait_empty();
}

#[test]
fn a_rehearsal_needs_no_stage() {
    let project = Project::new();
    let text = project.ok(&["chaos", "apply", "--dry-run", SCHEDULE]);
    for words in ["no stage is running", "60 in the next hour", "Mechanism:", "Warning:"] {
        assert!(text.contains(words), "`{words}` is not in: {text}");
    }
    for args in [&["chaos", "apply", SCHEDULE][..], &["chaos", "get"], &["status"]] {
        refused(&project.tale(args), &["no stage is running; start one with ./tale up"]);
    }
}

#[test]
fn bad_files_and_names_are_refused_in_one_line() {
    let project = Project::new();
    let apply = |file: &str| project.tale(&["chaos", "apply", "--dry-run", file]);
    refused(&apply("nowhere.yaml"), &["cannot read nowhere.yaml"]);
    project.write("empty.yaml", "");
    refused(&apply("empty.yaml"), &["empty.yaml", "no document"]);
    let text = std::fs::read_to_string(project.path().join(ERROR)).unwrap();
    project.write("mode.yaml", &text.replace("mode: all", "mode: some"));
    refused(&apply("mode.yaml"), &["mode.yaml: document 1: spec.mode", "`some`"]);
    project.write("big.yaml", &" ".repeat(2 << 20));
    refused(&apply("big.yaml"), &["big.yaml: 2097152 bytes", "split the file"]);
    refused(&project.tale(&["up", "nope"]), &["`nope`", "write one of dns-leaker"]);
}

#[test]
fn a_path_that_is_too_long_for_a_socket_is_refused_before_anything_starts() {
    let project = Project::new();
    let deep = project.path().join("x".repeat(100));
    std::fs::create_dir_all(deep.join("tales")).unwrap();
    let base = deep.join("manifests/base/dns-leaker");
    std::fs::create_dir_all(&base).unwrap();
    let service = "manifests/base/dns-leaker/service.yaml";
    std::fs::copy(project.path().join(service), deep.join(service)).unwrap();
    let mut up = project.command(&["up"]);
    let said: Said = up.current_dir(&deep).output().unwrap().into();
    refused(&said, &["control.sock", "107 bytes", "shorter path"]);
}

#[test]
fn a_reader_that_hangs_up_is_no_panic() {
    let project = Project::new();
    let mut rehearse = project.command(&["chaos", "apply", "--dry-run", SCHEDULE]);
    let mut child = rehearse.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let said: Said = child.wait_with_output().unwrap().into();
    assert_eq!((said.code, said.err.as_str()), (0, ""));
}
