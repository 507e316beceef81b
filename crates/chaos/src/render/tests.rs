//! The texts, word for word.

use jiff::Timestamp;
use serde_json::json;

use super::table::age;
use super::*;
use crate::document::ObjectMeta;
use crate::dry_run::DryRun;
use crate::fields::problem::Problem;
use crate::snapshot::{
    ChaosStatus, Condition, DesiredPhase, Event, ExperimentStatus, Object, Phase, Record,
    ScheduleStatus, Severity, Snapshot, Status,
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_767_607_200 + second).unwrap()
}

fn object(kind: &str, name: &str, spec: serde_json::Value, status: Status) -> Object {
    let metadata = ObjectMeta {
        name: name.into(),
        namespace: "default".into(),
        labels: [].into(),
        annotations: [].into(),
    };
    Object {
        kind: kind.into(),
        metadata,
        uid: name.into(),
        creation_timestamp: at(0),
        deletion_timestamp: None,
        finalizers: Vec::new(),
        owner: None,
        spec,
        mechanism: "by hand; nobody is told".into(),
        status,
    }
}

fn experiment() -> Object {
    let record = Record {
        id: "default/o11y-1/main".into(),
        selector_key: ".".into(),
        phase: Phase::Injected,
        injected_count: 1,
        recovered_count: 0,
        events: Vec::new(),
    };
    let status = ChaosStatus {
        conditions: vec![
            Condition { kind: "Selected".into(), status: true, reason: None },
            Condition { kind: "Paused".into(), status: false, reason: None },
        ],
        experiment: ExperimentStatus {
            desired_phase: Some(DesiredPhase::Run),
            container_records: vec![record],
        },
    };
    object(
        "DNSChaos",
        "dns-goes-dark",
        json!({"action": "error", "duration": "5m", "selector": {"namespaces": ["default"]}}),
        Status::Experiment(status),
    )
}

fn snapshot() -> Snapshot {
    let schedule = object(
        "Schedule",
        "hourly",
        json!({}),
        Status::Schedule(ScheduleStatus { active: vec!["hourly-bcdfg".into()], time: Some(at(5)) }),
    );
    let event = Event {
        kind: "DNSChaos".into(),
        namespace: "default".into(),
        name: "dns-goes-dark".into(),
        uid: "dns-goes-dark".into(),
        owner: None,
        severity: Severity::Normal,
        reason: "Started".into(),
        source: "desiredphase".into(),
        message: "Experiment has started".into(),
        count: 2,
        first_timestamp: at(1),
        last_timestamp: at(11),
    };
    Snapshot { now: at(131), objects: vec![experiment(), schedule], events: vec![event] }
}

#[test]
fn get_prints_the_columns_of_chaos_mesh() {
    let expected = "\
NAME                                    ACTION   DURATION   AGE
dnschaos.chaos-mesh.org/dns-goes-dark   error    5m         2m11s

NAME                             AGE
schedule.chaos-mesh.org/hourly   2m11s
";
    assert_eq!(get(&snapshot()), expected);
    assert_eq!(
        get(&Snapshot { now: at(0), objects: Vec::new(), events: Vec::new() }),
        "No resources found.\n"
    );
}

#[test]
fn get_shows_namespaces_when_there_are_several() {
    let mut several = snapshot();
    several.objects[1].metadata.namespace = "demo".into();
    assert!(
        get(&several)
            .contains("NAMESPACE   NAME                             AGE\ndemo        schedule"),
        "{}",
        get(&several)
    );
}

#[test]
fn describe_tells_everything_about_an_experiment() {
    let snapshot = snapshot();
    let expected = "\
Name:         dns-goes-dark
Namespace:    default
Labels:       <none>
Annotations:  <none>
API Version:  chaos-mesh.org/v1alpha1
Kind:         DNSChaos
Created:      2026-01-05T10:00:00Z
Spec:
  action:       error
  duration:     5m
  selector:
    namespaces:   [\"default\"]
Mechanism:
  by hand
  nobody is told
Status:
  Conditions:
    Selected       True
    Paused         False
  Desired phase: Run
  Records:
    default/o11y-1/main  Injected (injected 1, recovered 0)
Events:
  Type     Reason    Age                  From           Message
  ----     ------    ----                 ----           -------
  Normal   Started   2m (x2 over 2m10s)   desiredphase   Experiment has started
";
    let text = describe(&snapshot, &snapshot.objects[0]);
    assert_eq!(text, expected);
}

/// What `describe` says below `Mechanism:` about an experiment of this kind and spec.
fn mechanism(kind: &str, spec: &str) -> String {
    let text = format!(
        "{{apiVersion: chaos-mesh.org/v1alpha1, kind: {kind}, metadata: {{name: x}}, spec: {{mode: all, selector: {{}}, {spec}}}}}"
    );
    let document = crate::document::parse("x.yaml", &text).unwrap().remove(0);
    let object = Object { mechanism: document.mechanism(), ..experiment() };
    let text = describe(&snapshot(), &object);
    let section = text.split("Mechanism:\n").nth(1).unwrap();
    let section = section.split("Status:\n").next().unwrap();
    section.trim_start().to_owned()
}

#[test]
fn describe_has_no_mechanism_for_an_object_of_a_cluster() {
    let object = Object { mechanism: String::new(), ..experiment() };
    assert!(!describe(&snapshot(), &object).contains("Mechanism"));
}

#[test]
fn describe_admits_that_a_loss_is_a_stall() {
    let text = mechanism("NetworkChaos", "action: loss, loss: {loss: '10'}");
    assert!(text.contains("a lost chunk is not dropped but stalls its connection"), "{text}");
    assert!(!text.contains("waits"), "only what is given is told: {text}");
}

#[test]
fn describe_says_which_pods_a_stress_confines() {
    let text = mechanism("StressChaos", "stressors: {cpu: {workers: 2, load: 50}}");
    let expected = "\
2 processes beside the pod compute for 50 % of the time each
  a pod with limits.cpu is confined with them to as many whole cores, which stands in for its cgroup
  without limits.cpu they spread over all cores of the machine, at most one for each
  the app's own process metrics do not show them
";
    assert_eq!(text, expected);
}

#[test]
fn a_dry_run_is_told_in_a_few_lines() {
    let run = DryRun {
        kind: "Schedule".into(),
        namespace: "default".into(),
        name: "hourly".into(),
        matched: vec!["default/a/main".into()],
        pods_matched: 1,
        selection_error: None,
        pods_taken: 1,
        at_most: true,
        ticks: Some((1..=7).map(|tick| at(tick * 60)).collect()),
        mechanism: "by hand".into(),
        lints: vec![Problem::new("spec.mode", "odd")],
        refusals: vec![Problem::new("spec.remoteCluster", "no")],
        ..DryRun::default()
    };
    let text = dry_run(&run);
    let expected = "\
schedule/hourly in namespace default (dry run, nothing was changed)
Targets:    at most 1 of 1 matching pods
              default/a/main
Mechanism:  by hand
Ticks:      7 in the next hour
              2026-01-05T10:01:00Z
              2026-01-05T10:02:00Z
              2026-01-05T10:03:00Z
              2026-01-05T10:04:00Z
              2026-01-05T10:05:00Z
              ... and 2 more
Warning:    spec.mode: odd
Refused:    spec.remoteCluster: no
";
    assert_eq!(text, expected);
}

#[test]
fn ages_have_at_most_two_units() {
    for (seconds, text) in [
        (0, "0s"),
        (119, "119s"),
        (131, "2m11s"),
        (180, "3m"),
        (700, "11m"),
        (10_860, "3h1m"),
        (30_000, "8h"),
        (200_000, "2d7h"),
        (900_000, "10d"),
    ] {
        assert_eq!(age(at(0), at(seconds)), text);
    }
}

#[test]
fn a_workflow_is_rehearsed_step_by_step() {
    let text = "{apiVersion: chaos-mesh.org/v1alpha1, kind: Workflow, metadata: {name: flow}, spec: {entry: a, templates: [{name: a, templateType: Serial, children: [b, c]}, {name: b, templateType: Suspend, deadline: 90s}, {name: c, templateType: PodChaos, deadline: 1s, podChaos: {action: pod-kill, mode: one, selector: {}}}]}}";
    let document = crate::document::parse("x.yaml", text).unwrap().remove(0);
    let maximum = crate::fields::duration::GoDuration::from_nanos(1);
    let run = DryRun::rehearse(&document, Err("no stage is running"), maximum, at(0));
    let expected = "\
workflow/flow in namespace default (dry run, nothing was changed)
Steps:      3
              a (Serial): b, c
              b (Suspend, for 1m30s)
              c (PodChaos, for 1s): no target: no stage is running
                the pod's process is stopped and its owner starts another pod
Mechanism:  the engine starts the steps, makes their experiments, and deletes these at the deadline of the step, which ends the faults
";
    assert_eq!(dry_run(&run), expected);
}
