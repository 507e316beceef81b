//! The life of single experiments.

use super::super::error::EngineError;
use super::*;
use crate::snapshot::{Phase, Severity};

#[test]
fn an_experiment_lives_through_the_events_of_chaos_mesh() {
    let mut stage = Stage::new(&["a"]);
    assert_eq!(stage.apply(&dns("  duration: 60s\n")), Applied::Created);
    let snapshot = stage.snapshot();
    let dark = snapshot.find("DNSChaos", "dark").unwrap();
    assert!(
        dark.is("Selected")
            && dark.is("AllInjected")
            && !dark.is("AllRecovered")
            && !dark.is("Paused")
    );
    assert_eq!(dark.records()[0].id, "default/a/main");
    stage.advance(60);
    stage.engine.delete(&stage.key("DNSChaos", "dark"), stage.now);
    stage.round();
    let expected = [
        "FinalizerInited Finalizer has been inited",
        "Updated Successfully update finalizer of resource",
        "Started Experiment has started",
        "Updated Successfully update desiredPhase of resource",
        "Applied Successfully apply chaos for default/a/main",
        "Updated Successfully update records of resource",
        "TimeUp Time up according to the duration",
        "Recovered Successfully recover chaos for default/a/main",
        "FinalizerInited Finalizer has been removed",
    ];
    assert_eq!(stage.events("DNSChaos", "dark"), expected);
    assert!(stage.snapshot().objects.is_empty());
    assert_eq!(stage.log.iter().map(|entry| entry.0).collect::<Vec<_>>(), [0, 60]);
}

#[test]
fn after_its_duration_an_experiment_stays_until_it_is_deleted() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&dns("  duration: 60s\n"));
    stage.advance(3_600);
    assert!(stage.snapshot().find("DNSChaos", "dark").unwrap().is("AllRecovered"));
}

#[test]
fn an_experiment_without_a_duration_ends_at_the_maximum_of_the_stage() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&dns(""));
    stage.advance(7_200);
    assert_eq!(stage.operations(Operation::Recover), [3_600]);
}

#[test]
fn a_duration_that_no_stage_keeps_is_refused() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&dns("  duration: 24h1s\n"));
    let events = stage.events("DNSChaos", "dark");
    let refused =
        "Failed Failed to apply chaos: spec.duration: this stage ends every fault after 24 hours";
    assert!(events.iter().any(|event| event.starts_with(refused)), "{events:?}");
    assert!(stage.log.is_empty());
    stage.apply(&dns("  duration: 24h\n").replace("dark", "day"));
    stage.apply(&pod_chaos("pod-kill", "  duration: 25h\n"));
    assert_eq!(stage.operations(Operation::Apply).len(), 2);
}

#[test]
fn a_negative_duration_is_over_at_once() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&dns("  duration: -1m\n"));
    assert!(stage.log.is_empty());
    assert!(stage.snapshot().find("DNSChaos", "dark").unwrap().is("AllRecovered"));
}

#[test]
fn the_clock_runs_on_while_an_experiment_is_paused() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&dns("  duration: 60s\n"));
    stage.advance(20);
    stage.engine.pause(&stage.key("DNSChaos", "dark"), true).unwrap();
    stage.round();
    assert!(stage.snapshot().find("DNSChaos", "dark").unwrap().is("Paused"));
    stage.advance(10);
    stage.engine.pause(&stage.key("DNSChaos", "dark"), false).unwrap();
    stage.round();
    stage.advance(60);
    assert_eq!(stage.operations(Operation::Apply), [0, 30]);
    assert_eq!(stage.operations(Operation::Recover), [20, 60]);
}

#[test]
fn a_kill_strikes_once_and_ignores_duration_and_pause() {
    let mut stage = Stage::new(&["a", "b"]);
    let paused = "{name: strike, annotations: {experiment.chaos-mesh.org/pause: 'true'}}";
    stage.apply(&pod_chaos("pod-kill", "  duration: 5s\n").replace("{name: strike}", paused));
    stage.advance(60);
    assert_eq!(stage.operations(Operation::Apply), [0, 0]);
    assert!(stage.operations(Operation::Recover).is_empty());
    assert_eq!(stage.log[0].2, "default/a");
}

#[test]
fn pods_that_are_born_later_are_not_hit() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&dns("  duration: 60s\n"));
    stage.pods.push(pod("b"));
    stage.advance(60);
    assert!(stage.log.iter().all(|(.., id)| id == "default/a/main"));
}

#[test]
fn without_a_target_it_fails_and_tries_again_only_when_the_object_changes() {
    let mut stage = Stage::new(&[]);
    stage.apply(&dns("  duration: 60s\n"));
    assert!(
        stage
            .events("DNSChaos", "dark")
            .contains(&"Failed Failed to select targets: no pod is selected".to_owned())
    );
    stage.pods.push(pod("a"));
    stage.advance(10);
    assert!(stage.log.is_empty());
    stage.engine.pause(&stage.key("DNSChaos", "dark"), false).unwrap();
    stage.round();
    assert_eq!(stage.operations(Operation::Apply), [10]);
}

#[test]
fn containers_that_do_not_exist_are_passed_over() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&pod_chaos("container-kill", "  containerNames: [side, gone]\n"));
    assert_eq!(
        stage.log.iter().map(|entry| entry.2.as_str()).collect::<Vec<_>>(),
        ["default/a/side"]
    );
}

#[test]
fn what_the_stage_had_to_cut_is_told_with_the_target() {
    let mut stage = Stage::new(&["a"]);
    stage.cuts = vec!["2 CPU workers instead of 64".to_owned()];
    stage.apply(&dns("  duration: 10s\n"));
    let clamped = "Clamped This stage gave default/a/main 2 CPU workers instead of 64";
    assert!(stage.events("DNSChaos", "dark").iter().any(|event| event == clamped));
}

#[test]
fn a_failed_apply_is_told_and_repeated_with_growing_pauses() {
    let mut stage = Stage::new(&["a"]);
    stage
        .failing
        .insert("default/a/main".into(), Failure { message: "no shell".into(), partial: false });
    stage.apply(&dns("  duration: 5m\n"));
    stage.advance(10);
    let attempts = stage.log.len();
    assert!((5..=9).contains(&attempts), "{attempts} attempts in ten seconds");
    stage.failing.clear();
    stage.advance(30);
    let snapshot = stage.snapshot();
    let failed = snapshot.events.iter().find(|event| event.reason == "Failed").unwrap();
    assert_eq!(
        (failed.message.as_str(), failed.severity),
        ("Failed to apply chaos: no shell", Severity::Warning)
    );
    assert_eq!(failed.count as usize, stage.log.len() - 1);
    assert!(snapshot.find("DNSChaos", "dark").unwrap().is("AllInjected"));
}

#[test]
fn a_failed_recovery_holds_the_object_until_it_succeeds() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&dns("  duration: 5m\n"));
    stage
        .failing
        .insert("default/a/main".into(), Failure { message: "gone".into(), partial: false });
    stage.engine.delete(&stage.key("DNSChaos", "dark"), stage.now);
    stage.round();
    assert_eq!(stage.snapshot().objects.len(), 1);
    assert!(stage.engine.apply(&parse(&dns("  duration: 5m\n")), stage.now).is_err());
    stage.failing.clear();
    stage.advance(30);
    assert!(stage.snapshot().objects.is_empty());
}

#[test]
fn an_apply_that_was_cut_off_is_recovered_before_the_object_goes() {
    let mut stage = Stage::new(&["a"]);
    stage
        .failing
        .insert("default/a/main".into(), Failure { message: "no answer".into(), partial: true });
    stage.apply(&dns("  duration: 5m\n"));
    stage.failing.clear();
    stage.engine.delete(&stage.key("DNSChaos", "dark"), stage.now);
    stage.advance(1);
    assert_eq!(stage.operations(Operation::Recover).len(), 1);
    assert!(stage.snapshot().objects.is_empty());
}

#[test]
fn what_the_stage_cannot_do_fails_and_names_the_field() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&dns("  duration: 5m\n  remoteCluster: other\n"));
    let failed = stage
        .events("DNSChaos", "dark")
        .into_iter()
        .find(|event| event.starts_with("Failed"))
        .unwrap();
    assert!(failed.starts_with("Failed Failed to apply chaos: spec.remoteCluster: "), "{failed}");
    assert!(stage.log.is_empty());
}

#[test]
fn the_spec_of_an_experiment_cannot_change_but_its_annotations_can() {
    let mut stage = Stage::new(&["a"]);
    let original = dns("  duration: 5m\n");
    stage.apply(&original);
    assert_eq!(stage.apply(&original), Applied::Unchanged);
    let longer = stage.engine.apply(&parse(&dns("  duration: 6m\n")), stage.now);
    assert!(matches!(longer, Err(EngineError::Immutable(_))));
    let paused = original.replace(
        "{name: dark}",
        "{name: dark, annotations: {experiment.chaos-mesh.org/pause: 'true'}}",
    );
    assert_eq!(stage.apply(&paused), Applied::Configured);
    assert!(stage.snapshot().find("DNSChaos", "dark").unwrap().is("Paused"));
    assert_eq!(stage.apply(&original), Applied::Configured);
    assert_eq!(
        stage.snapshot().find("DNSChaos", "dark").unwrap().records()[0].phase,
        Phase::Injected
    );
}

#[test]
fn every_apply_carries_the_moment_at_which_it_lapses() {
    let mut stage = Stage::new(&["a"]);
    stage.engine.apply(&parse(&dns("  duration: 90s\n")), stage.now).unwrap();
    let pods = stage.pods.clone();
    let actions = steps::reconcile(&mut stage.engine, stage.now, &|| pods.clone());
    assert_eq!(actions[0].expires, Some(stage.start + SignedDuration::from_secs(90)));
}
