//! What cannot be judged is never called kept, nor broken: exit code 2, and the report says why.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use serde_json::Value;
use testkit::processes;
use testkit::program::Running;
use testkit::project::Project;

use super::{outcomes, project_with_short, write_tale};
use crate::project;

/// Looks at Prometheus for longer than any test takes.
const WATCHING: &str = r#"
  - act: calm
    promises:
      - {metric: 'count(up{job="dns-leaker"} == 1) == 4', within: 60s}
  - act: watching
    promises:
      - {metric: 'up == 1', for: 10m, says: everything stays up}
"#;

/// Promises that only data can keep or break. Each is the first of a tale, because the rest is not
/// reached.
const WITHOUT_DATA: [&str; 5] = [
    r#"metric: 'count(up{job="dns-leaker"} == 1) == 4'"#,
    "alert: DnsLeakerMemoryGrowth",
    "alert: DnsLeakerMemoryGrowth, state: resolved",
    "quiet: true",
    "gate: pass",
];

#[tokio::test]
async fn a_missing_prometheus_is_named_with_its_package_before_anything_starts() {
    let project = project_with_short().await;
    let path = project.path().join("path");
    std::fs::create_dir(&path).unwrap();
    let alertmanager = on_path(&["prometheus-alertmanager", "alertmanager"]);
    symlink(&alertmanager, path.join(alertmanager.file_name().unwrap())).unwrap();
    let mut play = project.command(&["play", "short"]);
    let ended = Running::start(play.env("PATH", &path)).end().await.expect_code(2);
    assert!(ended.stderr.contains("prometheus is not installed"), "{}", ended.stderr);
    assert!(ended.stderr.contains("apt-get install prometheus"), "{}", ended.stderr);
    assert!(!project.report_folder("short").join("report.json").exists());
    project.is_left_alone().await;
}

fn on_path(names: &[&str]) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let candidates = std::env::split_paths(&path)
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)));
    candidates.into_iter().find(|file| file.is_file()).expect("Alertmanager is installed")
}

/// Starts a tale that watches, and waits until it does.
async fn watching(project: &Project) -> Running {
    write_tale(project, "watch", WATCHING);
    let mut playing = project.start(&["play", "watch"]);
    playing.wait_for("\nwatching\n").await;
    playing
}

/// The process of `program`, a child of the play in `folder`.
fn backend(folder: &Path, program: &str) -> i32 {
    let pids = processes::running(folder, program);
    assert_eq!(pids.len(), 1, "{program}: {pids:?}");
    pids[0]
}

/// The play must end undecided, with `why` in the report and on the screen.
async fn ends_undecided(project: &Project, playing: Running, tale: &str, why: &str) {
    let ended = playing.end().await.expect_code(2);
    let report = project.report(tale);
    assert_eq!(report["verdict"], "undecided");
    let outcomes = outcomes(&report);
    assert!(outcomes.iter().any(|(outcome, _)| *outcome == "undecided"), "{outcomes:?}");
    assert!(outcomes.iter().all(|(outcome, _)| *outcome != "broken"), "{outcomes:?}");
    let promises = report["promises"].as_array().unwrap();
    let seen: Vec<&Value> = promises.iter().map(|promise| &promise["observed"]).collect();
    assert!(
        seen.iter().any(|seen| seen.as_str().unwrap().contains(why)),
        "{why} is not in {seen:?}"
    );
    assert!(ended.stderr.contains(why), "{}", ended.stderr);
    assert!(ended.stderr.contains("could not judge"), "{}", ended.stderr);
    project.is_left_alone().await;
}

#[tokio::test]
async fn a_killed_prometheus_ends_the_play_undecided() {
    let project = project().await;
    let playing = watching(&project).await;
    processes::signal(backend(project.path(), "prometheus"), Signal::KILL);
    ends_undecided(&project, playing, "watch", "prometheus died").await;
}

#[tokio::test]
async fn a_killed_alertmanager_ends_the_play_undecided() {
    let project = project().await;
    let playing = watching(&project).await;
    let program = on_path(&["prometheus-alertmanager", "alertmanager"]);
    let program = program.file_name().unwrap().to_str().unwrap();
    processes::signal(backend(project.path(), program), Signal::KILL);
    ends_undecided(&project, playing, "watch", "alertmanager died").await;
}

#[tokio::test]
async fn a_prometheus_that_hangs_ends_the_play_undecided() {
    let project = project().await;
    write_tale(&project, "hang", &WATCHING.replace("for: 10m", "for: 5s, within: 1s"));
    let mut playing = project.start(&["play", "hang"]);
    playing.wait_for("\nwatching\n").await;
    processes::signal(backend(project.path(), "prometheus"), Signal::STOP);
    ends_undecided(&project, playing, "hang", "Prometheus does not answer").await;
}

#[tokio::test]
async fn an_alertmanager_that_hangs_ends_the_play_undecided() {
    let project = project().await;
    write_tale(&project, "silent", &WATCHING.replace("for: 10m", "for: 3s, within: 1s"));
    let mut playing = project.start(&["play", "silent"]);
    playing.wait_for("\nwatching\n").await;
    let program = on_path(&["prometheus-alertmanager", "alertmanager"]);
    let program = program.file_name().unwrap().to_str().unwrap();
    processes::signal(backend(project.path(), program), Signal::STOP);
    ends_undecided(&project, playing, "silent", "Alertmanager does not answer").await;
}

#[tokio::test]
async fn without_any_data_no_promise_is_kept_or_broken() {
    let project = project().await;
    // The ServiceMonitor is still there, but selects nothing.
    project.edit(
        "manifests/base/dns-leaker/service.yaml",
        "  selector:\n    matchLabels: {app.kubernetes.io/name: dns-leaker}",
        "  selector:\n    matchLabels: {app.kubernetes.io/name: somebody-else}",
    );
    let mut plays = Vec::new();
    for (index, promise) in WITHOUT_DATA.iter().enumerate() {
        let name = format!("blind-{index}");
        let acts = format!("\n  - act: blind\n    promises: [{{{promise}, within: 2s}}]\n");
        write_tale(&project, &name, &acts);
        project.edit(
            &format!("tales/{name}/tale.yaml"),
            "acts:",
            "slos: [manifests/slo/dns-leaker.yaml]\nacts:",
        );
        plays.push((project.start(&["play", &name]), name));
    }
    for (play, name) in plays {
        let ended = play.end().await.expect_code(2);
        assert_eq!(project.report(&name)["verdict"], "undecided", "{}", ended.stderr);
    }
    project.is_left_alone().await;
}

/// `resolved` says that an alert fired and is over; one that never fired is no proof of a repair.
#[tokio::test]
async fn an_alert_that_has_not_fired_in_this_play_is_not_resolved() {
    let project = project().await;
    let acts = "
  - act: calm
    promises:
      - {metric: 'count(up{job=\"dns-leaker\"} == 1) == 4', within: 60s}
      - {alert: DnsLeakerMemoryGrowth, state: inactive}
      - {alert: DnsLeakerMemoryGrowth, state: resolved, within: 1s}
";
    write_tale(&project, "calm", acts);
    let slos = "slos: [manifests/slo/dns-leaker.yaml]\nacts:";
    project.edit("tales/calm/tale.yaml", "acts:", slos);
    let ended = project.run(&["play", "calm"]).await.expect_code(1);
    let report = project.report("calm");
    let outcomes: Vec<&str> = outcomes(&report).iter().map(|(outcome, _)| *outcome).collect();
    assert_eq!(outcomes, ["kept", "kept", "broken"], "{}", ended.stderr);
    assert!(ended.stderr.contains("it has not fired in this play"), "{}", ended.stderr);
    project.is_left_alone().await;
}

#[tokio::test]
async fn pods_that_cannot_be_scraped_leave_the_play_undecided() {
    let project = project().await;
    project.edit("manifests/base/dns-leaker/service.yaml", "path: /metrics", "path: /nothing-here");
    write_tale(
        &project,
        "blind",
        "\n  - act: blind\n    promises: [{metric: 'up == 1', within: 10s}]\n",
    );
    let playing = project.start(&["play", "blind"]);
    ends_undecided(&project, playing, "blind", "no pod was scraped").await;
}
