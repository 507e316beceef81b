//! The life of Schedules.

use super::*;

const TALK: &str =
    "{name: schedule-dns-chaos-kubecon, annotations: {experiment.chaos-mesh.org/pause: 'true'}}";

fn talk() -> String {
    schedule(
        "* * * * *",
        ", duration: 60s, patterns: [o11y.*, cncf.io, gitlab.com]",
        "  startingDeadlineSeconds: null\n  concurrencyPolicy: Allow\n  historyLimit: 2\n",
    )
    .replace("{name: often}", TALK)
}

/// Seconds after the start at which experiments were made.
fn spawns(stage: &Stage) -> Vec<i64> {
    let events = stage.snapshot().events;
    events
        .iter()
        .filter(|event| event.reason == "Spawned")
        .map(|event| event.first_timestamp.duration_since(stage.start).as_secs())
        .collect()
}

#[test]
fn the_schedule_of_the_talk_waits_while_paused_and_then_fires_every_minute() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&talk());
    stage.advance(90);
    assert!(spawns(&stage).is_empty());
    stage.engine.pause(&stage.key("Schedule", "schedule-dns-chaos-kubecon"), false).unwrap();
    stage.round();
    stage.advance(150);
    // The missed minute is made up for at once.
    assert_eq!(spawns(&stage), [90, 120, 180, 240]);
    let events = stage.events("Schedule", "schedule-dns-chaos-kubecon");
    let name =
        events[0].strip_prefix("Spawned Create new object: schedule-dns-chaos-kubecon-").unwrap();
    assert_eq!(name.len(), 5);
    assert_eq!(events[1], "Updated Successfully update lastScheduleTime of resource");
}

#[test]
fn experiments_that_meet_on_a_pod_take_turns() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&talk().replace("'true'", "'false'"));
    stage.advance(130);
    let log: Vec<(i64, Operation)> =
        stage.log.iter().map(|(second, operation, _)| (*second, *operation)).collect();
    assert_eq!(log, [(60, Operation::Apply), (120, Operation::Recover), (120, Operation::Apply)]);
}

#[test]
fn the_history_limit_keeps_the_youngest_experiments() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&talk().replace("'true'", "'false'"));
    stage.advance(630);
    let snapshot = stage.snapshot();
    let children: Vec<_> =
        snapshot.objects.iter().filter(|object| object.kind == "DNSChaos").collect();
    assert_eq!(children.len(), 2);
    assert!(children.iter().all(|child| child.owner.as_ref().map(|owner| owner.name.as_str())
        == Some("schedule-dns-chaos-kubecon")));
    assert!(
        children
            .iter()
            .all(|child| child.metadata.labels["managed-by"] == "schedule-dns-chaos-kubecon")
    );
}

#[test]
fn forbid_lets_the_next_experiment_start_when_the_last_one_has_ended() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&schedule("@every 60s", ", duration: 70s", "  historyLimit: 5\n"));
    stage.advance(300);
    assert_eq!(spawns(&stage), [60, 130, 200, 270]);
    assert!(
        stage
            .events("Schedule", "often")
            .iter()
            .any(|event| event.starts_with("Forbid Forbid spawning new job because: often-"))
    );
}

#[test]
fn allow_starts_experiments_at_every_tick() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&schedule(
        "@every 60s",
        ", duration: 70s",
        "  historyLimit: 5\n  concurrencyPolicy: Allow\n",
    ));
    stage.advance(200);
    assert_eq!(spawns(&stage), [60, 120, 180]);
}

#[test]
fn of_a_hundred_missed_ticks_the_latest_is_run() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&schedule("* * * * *", ", duration: 10s", "  historyLimit: 2\n"));
    stage.skip(100 * 60);
    stage.round();
    assert_eq!(spawns(&stage), [6_000]);
}

#[test]
fn after_more_than_a_hundred_missed_ticks_a_schedule_gives_up() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&schedule("* * * * *", ", duration: 10s", "  historyLimit: 2\n"));
    stage.skip(101 * 60);
    stage.round();
    stage.advance(600);
    assert!(spawns(&stage).is_empty());
    let failed: Vec<_> = stage
        .events("Schedule", "often")
        .into_iter()
        .filter(|event| event.starts_with("Failed Failed to get run time: too many missed"))
        .collect();
    assert_eq!(failed.len(), 1);
}

#[test]
fn a_starting_deadline_forgets_older_ticks() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&schedule(
        "0 * * * *",
        ", duration: 10s",
        "  historyLimit: 2\n  startingDeadlineSeconds: 30\n",
    ));
    stage.skip(3_640);
    stage.round();
    assert!(spawns(&stage).is_empty());
    stage.advance(3_600);
    assert_eq!(spawns(&stage), [7_200]);
}

#[test]
fn every_with_a_shorter_starting_deadline_never_fires() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&schedule(
        "@every 60s",
        ", duration: 10s",
        "  historyLimit: 2\n  startingDeadlineSeconds: 59\n",
    ));
    for _ in 0..300 {
        stage.skip(1);
        stage.round();
    }
    assert!(spawns(&stage).is_empty());
}

#[test]
fn without_a_history_limit_finished_experiments_vanish_at_once() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&schedule("@every 60s", ", duration: 10s", ""));
    stage.advance(65);
    assert_eq!(stage.snapshot().objects.len(), 2);
    stage.advance(10);
    assert_eq!(stage.snapshot().objects.len(), 1);
    assert!(
        stage
            .events("Schedule", "often")
            .iter()
            .any(|event| event.starts_with("Skip Skip removing history: often-"))
    );
}

#[test]
fn a_kill_strikes_before_its_history_is_forgotten() {
    let mut stage = Stage::new(&["a"]);
    let kill = schedule("@every 60s", "", "")
        .replace("DNSChaos", "PodChaos")
        .replace("dnsChaos: {action: error", "podChaos: {action: pod-kill");
    stage.apply(&kill);
    stage.advance(130);
    assert_eq!(stage.operations(Operation::Apply), [60, 120]);
}

#[test]
fn pausing_a_schedule_recovers_its_experiments_and_unpausing_resumes_them() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&schedule("@every 60s", ", duration: 50s", "  historyLimit: 2\n"));
    stage.advance(70);
    let key = stage.key("Schedule", "often");
    stage.engine.pause(&key, true).unwrap();
    stage.round();
    assert!(
        stage
            .snapshot()
            .objects
            .iter()
            .filter(|object| object.kind == "DNSChaos")
            .all(|child| child.is("Paused"))
    );
    stage.advance(10);
    stage.engine.pause(&key, false).unwrap();
    stage.round();
    assert_eq!(stage.operations(Operation::Recover), [70]);
    assert_eq!(stage.operations(Operation::Apply), [60, 80]);
}

#[test]
fn deleting_a_schedule_takes_its_experiments_with_it() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&schedule("@every 60s", ", duration: 50s", "  historyLimit: 2\n"));
    stage.advance(70);
    stage.engine.delete(&stage.key("Schedule", "often"), stage.now);
    stage.round();
    assert!(stage.snapshot().objects.is_empty());
    assert_eq!(stage.operations(Operation::Recover), [70]);
}

#[test]
fn a_schedule_may_be_changed_while_it_exists() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&schedule("@every 60s", ", duration: 10s", "  historyLimit: 2\n"));
    stage.advance(60);
    assert_eq!(
        stage.apply(&schedule("@every 30s", ", duration: 10s", "  historyLimit: 2\n")),
        Applied::Configured
    );
    stage.advance(60);
    assert_eq!(spawns(&stage), [60, 90, 120]);
}

#[test]
fn the_same_seed_gives_the_same_names() {
    let names = || {
        let mut stage = Stage::new(&["a", "b"]);
        stage.apply(&schedule("@every 60s", ", duration: 10s", "  historyLimit: 9\n"));
        stage.advance(200);
        stage.snapshot().objects.into_iter().map(|object| object.metadata.name).collect::<Vec<_>>()
    };
    assert_eq!(names(), names());
    assert_eq!(names().len(), 4);
}
