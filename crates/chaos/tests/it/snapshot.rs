//! What is seen of chaos travels as JSON, and is read as a cluster shows it, too.

use chaos::snapshot::{
    DesiredPhase, Name, Object, Owner, Phase, RecordEventType, Snapshot, Status,
};
use serde_json::Value;

/// Objects in the shape of the Kubernetes API, with fields that nobody here knows.
fn cluster() -> Vec<Object> {
    let list: Value =
        serde_json::from_str(include_str!("fixtures/cluster.json")).expect("the fixture is JSON");
    serde_json::from_value(list["items"].clone()).expect("every object is read")
}

fn of_cluster(name: &str) -> Object {
    let found = cluster().into_iter().find(|object| object.metadata.name == name);
    found.expect("the fixture has it")
}

fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

#[test]
fn a_snapshot_is_written_as_it_was_read() {
    let text = include_str!("fixtures/local.json");
    let snapshot: Snapshot = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string_pretty(&snapshot).unwrap() + "\n", text);
}

#[test]
fn an_experiment_that_is_over_is_read_from_a_cluster() {
    let over = of_cluster("over");
    assert!(over.is("AllRecovered") && !over.is("AllInjected"));
    assert_eq!(over.finalizers, ["chaos-mesh/records"]);
    assert_eq!(over.creation_timestamp, "2026-03-02T09:30:00Z".parse().unwrap());
    assert_eq!(over.deletion_timestamp, None);
    let [record] = over.records() else { panic!("{over:?}") };
    assert_eq!((record.phase, record.injected_count), (Phase::NotInjected, 1));
}

#[test]
fn an_experiment_without_targets_is_read_from_a_cluster() {
    let nobody = of_cluster("nobody");
    assert!(!nobody.is("Selected"));
    assert!(nobody.records().is_empty());
    let Status::Experiment(status) = nobody.status else { panic!("{nobody:?}") };
    assert_eq!(status.experiment.desired_phase, Some(DesiredPhase::Run));
}

#[test]
fn an_experiment_that_waits_for_its_daemon_is_read_from_a_cluster() {
    let stuck = of_cluster("stuck");
    assert_eq!(stuck.deletion_timestamp, Some("2026-03-02T09:30:07Z".parse().unwrap()));
    let phases: Vec<Phase> = stuck.records().iter().map(|record| record.phase).collect();
    assert_eq!(phases, [Phase::NotInjectedWait, Phase::InjectedWait]);
    let attempt = &stuck.records()[0].events[0];
    assert_eq!(attempt.kind, RecordEventType::Failed);
    assert_eq!(attempt.message, "unable to set tcs for pod shop-1");
}

#[test]
fn the_owner_of_an_object_is_read_from_a_cluster() {
    let owner = Owner { kind: "Schedule".into(), name: "often".into() };
    assert_eq!(of_cluster("often-x2k4z").owner, Some(owner));
    assert_eq!(of_cluster("often").owner, None);
}

#[test]
fn what_makes_and_watches_experiments_is_read_from_a_cluster() {
    let Status::Schedule(often) = of_cluster("often").status else { panic!("no Schedule") };
    assert_eq!(often.active, ["often-x2k4z"]);
    assert!(of_cluster("flow").is("Scheduled") && !of_cluster("flow").is("Accomplished"));
    let Status::StatusCheck(well) = of_cluster("well").status else { panic!("no StatusCheck") };
    assert_eq!((well.count, well.records.len()), (1, 1));
    assert!(!of_cluster("well").is("Completed"));
}

#[test]
fn an_object_of_a_kind_that_is_not_played_here_and_without_status_is_read_from_a_cluster() {
    let fresh = of_cluster("fresh");
    assert_eq!(fresh.kind, "IOChaos");
    assert!(fresh.records().is_empty() && !fresh.begun());
}

#[test]
fn an_object_without_identity_is_refused_by_the_field() {
    let mut list: Value = serde_json::from_str(include_str!("fixtures/cluster.json")).unwrap();
    let object = &mut list["items"][0];
    object["metadata"].as_object_mut().unwrap().remove("uid");
    let error = serde_json::from_value::<Object>(object.clone()).unwrap_err();
    assert_eq!(error.to_string(), "missing field `uid`");
    object["metadata"]["uid"] = "1".into();
    object["status"]["experiment"]["containerRecords"][0]["phase"] = "Elsewhere".into();
    let error = serde_json::from_value::<Object>(object.clone()).unwrap_err().to_string();
    assert!(error.starts_with("status.experiment.containerRecords[0].phase: "), "{error}");
}

#[test]
fn objects_are_found_by_any_part_of_their_name() {
    let snapshot = Snapshot {
        now: "2026-03-02T09:31:00Z".parse().unwrap(),
        objects: cluster(),
        events: vec![],
    };
    let found = |text: &str| {
        let name = name(text);
        snapshot.find_all(&name).map(|object| object.full_name().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(found("flow"), ["default/Workflow/flow"]);
    assert_eq!(found("wf/flow"), ["default/Workflow/flow"]);
    assert_eq!(found("schedules.chaos-mesh.org/often"), ["default/Schedule/often"]);
    assert_eq!(found("default/dnschaos/over"), ["default/DNSChaos/over"]);
    assert_eq!(found("demo/dnschaos/over"), Vec::<String>::new());
}

#[test]
fn a_text_with_too_many_parts_is_not_a_name() {
    let error = "a/b/c/d".parse::<Name>().unwrap_err().to_string();
    assert_eq!(
        error,
        "`a/b/c/d` is not the name of an object; write name, kind/name or namespace/kind/name"
    );
}
