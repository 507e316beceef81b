//! Kills and interruptions at random moments: nothing is left, and the next play works.

use std::path::Path;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rustix::process::Signal;
use testkit::processes::{self, listeners, listeners_of};
use testkit::program::Running;
use testkit::project::{GONE_WITHIN, Project};
use testkit::wait::{eventually, until};
use tokio::task::{JoinSet, LocalSet};

use super::{outcomes, project_with_short, with_short, write_tale};
use crate::project;

/// How many plays are killed, spread evenly over the length of one.
const KILLS: u32 = 5;

/// A printed seed, or the one to try again with: `TALES_TEST_SEED`.
fn rng() -> StdRng {
    let given = std::env::var("TALES_TEST_SEED").ok();
    let seed = given.map_or_else(rand::random, |text| text.parse().expect("a number"));
    println!("TALES_TEST_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

/// Plays the short tale to its end; its length in seconds.
async fn plays_well(project: &Project) -> f64 {
    project.run(&["play", "short"]).await.expect_code(0);
    project.report("short")["seconds"].as_f64().unwrap()
}

/// Waits until the play's backends run: then it also listens to signals.
async fn is_starting(project: &Project) {
    let prometheus = async || processes::running(project.path(), "prometheus").pop();
    eventually("the process of Prometheus", prometheus).await;
}

#[tokio::test]
async fn sigkill_at_any_moment_leaves_nothing_and_the_next_play_works() {
    let mut rng = rng();
    let project = project_with_short().await;
    let length = plays_well(&project).await;
    let (mut kills, side_by_side) = (JoinSet::new(), LocalSet::new());
    for part in 0..KILLS {
        let moment = length * (f64::from(part) + rng.random::<f64>()) / f64::from(KILLS);
        let kill = kill_at(with_short(project.another()), Duration::from_secs_f64(moment));
        kills.spawn_local_on(kill, &side_by_side);
    }
    side_by_side.run_until(kills.join_all()).await;
}

/// Kills a play after `moment`; then all its processes and sockets have to go, and no report may
/// speak for it.
async fn kill_at(project: Project, moment: Duration) {
    let report = project.report_folder("short").join("report.json");
    project.write(".tales/reports/short/earlier/report.json", r#"{"verdict": "kept"}"#);
    std::os::unix::fs::symlink("earlier", project.report_folder("short")).unwrap();
    let mut playing = project.start(&["play", "short"]);
    if playing.ends_within(moment).await {
        playing.end().await.expect_code(0); // it was faster than the first one
        return;
    }
    let family = processes::of(project.path());
    let sockets = listeners_of(family.keys().chain([&playing.pid()]));
    println!("killed after {moment:.1?}: {} processes, {} sockets", family.len(), sockets.len());
    playing.signal(Signal::KILL);
    assert_eq!(playing.end().await.signal, Some(9));
    // A dying process may have lost its name and folder, but not yet its sockets.
    let open = || listeners().into_iter().filter(|(inode, _)| sockets.contains_key(inode));
    let nothing = || processes::of(project.path()).is_empty() && open().next().is_none();
    let gone = until(async || nothing().then_some(()));
    if tokio::time::timeout(GONE_WITHIN, gone).await.is_err() {
        panic!("left: {:#?}, {:?}", processes::of(project.path()), open().collect::<Vec<_>>());
    }
    assert!(!report.exists(), "a report of an earlier play speaks for a killed one");
    plays_well(&project).await;
}

#[tokio::test]
async fn a_killed_pod_is_restarted_and_the_play_goes_on() {
    let project = project().await;
    let restarted = r#"
  - act: calm
    promises:
      - {metric: 'count(up{job="dns-leaker"} == 1) == 4', within: 60s}
  - act: after the kill
    promises:
      - {metric: 'sum(changes(process_start_time_seconds{job="dns-leaker"}[10m])) == 1', within: 60s}
      - {metric: 'count(up{job="dns-leaker"} == 1) == 4', within: 60s}
"#;
    write_tale(&project, "restarted", restarted);
    let mut playing = project.start(&["play", "restarted"]);
    playing.wait_for("\nafter the kill\n").await;
    let pods = processes::running(project.path(), "dns-leaker");
    assert_eq!(pods.len(), 4);
    let victim = pods[rng().random_range(0..pods.len())];
    processes::signal(victim, Signal::KILL);
    playing.end().await.expect_code(0);
    project.is_left_alone().await;
}

#[tokio::test]
async fn ctrl_c_at_any_moment_writes_what_is_known_and_leaves_nothing() {
    let mut rng = rng();
    let project = project().await;
    let (mut plays, side_by_side) = (JoinSet::new(), LocalSet::new());
    // While the stage starts, and later.
    for longest in [1.0, 5.0, 12.0] {
        let moment = Duration::from_secs_f64(rng.random_range(0.0..longest));
        plays.spawn_local_on(interrupt_at(project.another(), moment), &side_by_side);
    }
    side_by_side.run_until(plays.join_all()).await;
}

async fn interrupt_at(project: Project, moment: Duration) {
    let mut playing = project.start(&["play", "dns-leak"]);
    is_starting(&project).await;
    assert!(!playing.ends_within(moment).await, "the tale takes a minute");
    println!("interrupted {moment:.1?} after Prometheus was started");
    playing.interrupt();
    stopped(playing, &project).await;
}

/// Exit code 130, and a partial report that does not call the tale kept.
async fn stopped(playing: Running, project: &Project) {
    let ended = playing.end().await.expect_code(130);
    assert!(ended.stderr.contains("stopping"), "{}", ended.stderr);
    let report = project.report("dns-leak");
    assert_eq!(report["verdict"], "undecided");
    assert_eq!(outcomes(&report).last().unwrap().0, "not_reached");
    assert!(report["notes"].to_string().contains("stopped before"), "{}", report["notes"]);
    for file in ["report.html", "report.md", "junit.xml"] {
        assert!(project.report_folder("dns-leak").join(file).exists(), "{file}");
    }
    project.is_left_alone().await;
    let left = names(&project.path().join(".tales"));
    assert_eq!(left, ["reports"], "a play keeps its files only with --keep");
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn a_second_ctrl_c_ends_everything_at_once() {
    let project = project().await;
    // A pod that does not stop by itself would be given its grace period.
    let mut playing = project.start(&["play", "dns-leak"]);
    playing.wait_for("the stage is up").await;
    for pod in processes::running(project.path(), "dns-leaker") {
        processes::signal(pod, Signal::STOP);
    }
    playing.interrupt();
    playing.wait_for("Ctrl-C again").await;
    playing.interrupt();
    let ended = playing.end().await.expect_code(130);
    assert!(ended.stderr.contains("killed"), "{}", ended.stderr);
    project.is_left_alone().await;
}
