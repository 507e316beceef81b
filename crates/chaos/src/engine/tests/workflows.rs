//! The life of Workflows.

use super::*;
use crate::snapshot::{NodeStatus, Owner, Status};

/// A Workflow named `flow` whose entry is `all`.
fn flow(templates: &str) -> String {
    format!(
        "apiVersion: chaos-mesh.org/v1alpha1\nkind: Workflow\nmetadata: {{name: flow}}\nspec:\n  entry: all\n  templates:\n{templates}"
    )
}

const DNS: &str = "  - {name: dark, templateType: DNSChaos, deadline: 20s, dnsChaos: {action: error, mode: all, selector: {}}}\n";
const WAIT: &str = "  - {name: wait, templateType: Suspend, deadline: 5s}\n";
const KILL: &str = "  - {name: kill, templateType: PodChaos, deadline: 1s, podChaos: {action: pod-kill, mode: one, selector: {}}}\n";
const CHECK: &str = "  - {name: check, templateType: StatusCheck, abortWithStatusCheck: true, statusCheck: {type: HTTP, intervalSeconds: 2, http: {url: 'http://a/', criteria: {statusCode: '200'}}}}\n";

fn serial(children: &str, others: &[&str]) -> String {
    flow(&format!(
        "  - {{name: all, templateType: Serial, children: [{children}]}}\n{}",
        others.concat()
    ))
}

fn parallel(children: &str, others: &[&str]) -> String {
    serial(children, others).replace("Serial", "Parallel")
}

fn nodes(stage: &Stage) -> Vec<NodeStatus> {
    match &stage.snapshot().find("Workflow", "flow").unwrap().status {
        Status::Workflow(status) => status.nodes.clone(),
        other => panic!("{other:?}"),
    }
}

/// `template phase reason` of every step.
fn phases(stage: &Stage) -> Vec<String> {
    nodes(stage)
        .iter()
        .map(|node| {
            format!("{} {:?} {}", node.template, node.phase, node.reason).trim_end().to_owned()
        })
        .collect()
}

fn accomplished(stage: &Stage) -> bool {
    stage.snapshot().find("Workflow", "flow").unwrap().is("Accomplished")
}

fn log(stage: &Stage) -> Vec<(i64, Operation)> {
    stage.log.iter().map(|(at, operation, _)| (*at, *operation)).collect()
}

#[test]
fn serial_steps_follow_one_another_and_end_by_their_deadline() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&serial("dark, wait, dark", &[DNS, WAIT]));
    assert!(stage.snapshot().find("Workflow", "flow").unwrap().begun());
    stage.advance(44);
    assert!(!accomplished(&stage));
    stage.advance(1);
    assert!(accomplished(&stage));
    use Operation::{Apply, Recover};
    assert_eq!(log(&stage), [(0, Apply), (20, Recover), (25, Apply), (45, Recover)]);
    let deadline = "DeadlineExceed NodeDeadlineExceed";
    assert_eq!(
        phases(&stage),
        [
            "all Accomplished".to_owned(),
            format!("dark {deadline}"),
            format!("wait {deadline}"),
            format!("dark {deadline}")
        ]
    );
    // The experiments are deleted; the workflow stays.
    assert_eq!(stage.snapshot().objects.len(), 1);
}

#[test]
fn a_step_says_how_this_stage_carries_it_out() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&serial("dark, wait", &[DNS, WAIT]));
    let snapshot = stage.snapshot();
    let text = crate::render::describe(&snapshot, snapshot.find("Workflow", "flow").unwrap());
    assert!(text.contains("\n    -\n      children:"), "{text}");
    let steps = text.split("Steps:").nth(1).unwrap();
    assert!(steps.contains("chaos DNS server, which answers SERVFAIL"), "{text}");
}

#[test]
fn the_events_of_a_step_are_those_of_chaos_mesh() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&flow(&DNS.replace("dark", "all")));
    stage.advance(20);
    let reasons: Vec<String> = stage
        .events("Workflow", "flow")
        .iter()
        .map(|event| event.split(' ').next().unwrap().to_owned())
        .collect();
    assert_eq!(
        reasons,
        [
            "EntryCreated",
            "ChaosCRCreated",
            "NodeDeadlineExceed",
            "ChaosCRDeleted",
            "WorkflowAccomplished"
        ]
    );
    let events = stage.snapshot().events;
    let made = events.iter().find(|event| event.kind == "DNSChaos").unwrap();
    assert!(made.name.starts_with("all-") && made.name.len() == "all-12345-12345".len());
}

#[test]
fn experiments_carry_the_labels_and_the_first_deadline_above_them() {
    let mut stage = Stage::new(&["a"]);
    let text = serial("dark", &[DNS])
        .replace("templateType: Serial", "templateType: Serial, deadline: 10s");
    stage.engine.apply(&parse(&text), stage.now).unwrap();
    let pods = stage.pods.clone();
    let actions = steps::reconcile(&mut stage.engine, stage.now, &|| pods.clone());
    assert_eq!(actions[0].expires, Some(stage.start + SignedDuration::from_secs(10)));
    let snapshot = stage.snapshot();
    let dark = &snapshot.objects[0];
    assert_eq!(dark.metadata.labels["chaos-mesh.org/workflow"], "flow");
    assert_eq!(dark.metadata.labels["chaos-mesh.org/controlled-by"], nodes(&stage)[1].name);
    let owner = Owner { kind: "Workflow".into(), name: "flow".into() };
    assert_eq!(dark.owner, Some(owner));
}

#[test]
fn a_deadline_beyond_the_maximum_of_the_stage_is_kept() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&serial("dark", &[&DNS.replace("20s", "3h")]));
    stage.advance(4 * 3_600);
    use Operation::{Apply, Recover};
    assert_eq!(log(&stage), [(0, Apply), (3 * 3_600, Recover)]);
    let events = stage.snapshot().events;
    assert!(events.iter().all(|event| event.reason != "TimeUp"));
}

#[test]
fn under_a_longer_deadline_an_experiment_ends_with_the_limit_of_the_stage() {
    let mut stage = Stage::new(&["a"]);
    let day = 24 * 3_600;
    let text = serial("dark", &[&DNS.replace("deadline: 20s, ", "")])
        .replace("templateType: Serial", "templateType: Serial, deadline: 48h");
    stage.apply(&text);
    stage.advance(2 * day);
    use Operation::{Apply, Recover};
    assert_eq!(log(&stage), [(0, Apply), (day, Recover)]);
}

#[test]
fn the_deadline_of_a_parent_ends_its_children() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(
        &serial("dark, wait", &[DNS, WAIT])
            .replace("templateType: Serial", "templateType: Serial, deadline: 10s"),
    );
    stage.advance(10);
    assert_eq!(
        phases(&stage),
        ["all DeadlineExceed NodeDeadlineExceed", "dark DeadlineExceed ParentNodeDeadlineExceed"]
    );
    assert_eq!(stage.operations(Operation::Recover), [10]);
    assert!(accomplished(&stage));
}

#[test]
fn parallel_steps_start_together() {
    let mut stage = Stage::new(&["a", "b"]);
    stage.apply(&parallel("wait, dark, kill", &[DNS, WAIT, KILL]));
    assert_eq!(stage.operations(Operation::Apply), [0, 0, 0]);
    stage.advance(19);
    assert!(!accomplished(&stage));
    stage.advance(1);
    assert!(accomplished(&stage));
}

#[test]
fn empty_steps_are_over_at_once() {
    for text in [serial("", &[]), parallel("", &[])] {
        let mut stage = Stage::new(&[]);
        stage.apply(&text);
        assert!(accomplished(&stage));
    }
}

#[test]
fn a_kill_without_a_deadline_makes_the_workflow_wait_for_ever() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&serial("kill, wait", &[&KILL.replace("deadline: 1s, ", ""), WAIT]));
    stage.advance(100_000);
    assert!(!accomplished(&stage));
    assert_eq!(nodes(&stage).len(), 2);
}

#[test]
fn the_annotation_aborts_a_workflow_and_ends_its_faults() {
    let mut stage = Stage::new(&["a"]);
    let text = serial("dark, wait", &[DNS, WAIT]);
    stage.apply(&text);
    stage.advance(3);
    let abort = "{name: flow, annotations: {workflow.chaos-mesh.org/abort: 'true'}}";
    assert_eq!(stage.apply(&text.replace("{name: flow}", abort)), Applied::Configured);
    assert_eq!(phases(&stage), ["all Aborted WorkflowAborted", "dark Aborted WorkflowAborted"]);
    assert_eq!(stage.operations(Operation::Recover), [3]);
    assert!(accomplished(&stage));
}

#[test]
fn a_changed_workflow_keeps_what_has_begun_and_reads_the_rest_anew() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&serial("dark, wait, dark", &[DNS, WAIT]));
    stage.advance(5);
    // Both steps are half as long now, and the entry no longer leads to the last one.
    let halved = [DNS.replace("20s", "10s"), WAIT.replace("5s", "2s")];
    let changed = serial("dark, wait", &[&halved[0], &halved[1]]);
    assert_eq!(stage.apply(&changed), Applied::Configured);
    assert_eq!(stage.apply(&changed), Applied::Unchanged);
    stage.advance(60);
    use Operation::{Apply, Recover};
    assert_eq!(log(&stage), [(0, Apply), (20, Recover), (22, Apply), (32, Recover)]);
    assert!(accomplished(&stage));
}

#[test]
fn a_step_that_a_changed_workflow_no_longer_has_is_as_it_was() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&serial("wait, dark", &[DNS, WAIT]));
    stage.apply(&serial("wait", &[WAIT]));
    stage.advance(60);
    use Operation::{Apply, Recover};
    assert_eq!(log(&stage), [(5, Apply), (25, Recover)]);
}

#[test]
fn a_change_that_cannot_be_played_leaves_the_workflow_as_it_is() {
    let mut stage = Stage::new(&["a"]);
    let text = serial("dark", &[DNS]);
    stage.apply(&text);
    let other = text.replace("mode: all", "mode: all, remoteCluster: other");
    let refused = stage.engine.apply(&parse(&other), stage.now).unwrap_err();
    let refused = refused.to_string();
    assert!(
        refused.starts_with("workflow/flow in namespace default keeps its old spec: spec.templates[1].dnsChaos.remoteCluster: "),
        "{refused}"
    );
    stage.advance(20);
    assert!(accomplished(&stage));
}

#[test]
fn a_check_that_succeeds_lets_the_workflow_go_on() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&serial("check, dark", &[CHECK, DNS]));
    stage.advance(2);
    assert_eq!(
        phases(&stage),
        ["all Running", "check Accomplished StatusCheckCompleted", "dark Running"]
    );
    assert_eq!(stage.operations(Operation::Apply), [2]);
}

#[test]
fn a_check_that_fails_aborts_the_workflow_if_it_is_told_to() {
    let mut stage = Stage::new(&["a"]);
    stage.answer = Err("connection refused".into());
    stage.apply(&parallel("check, dark", &[CHECK, DNS]));
    stage.advance(6);
    assert_eq!(
        phases(&stage),
        [
            "all Aborted WorkflowAborted",
            "check Aborted StatusCheckNotExceedSuccessThreshold",
            "dark Aborted WorkflowAborted"
        ]
    );
    assert_eq!(stage.operations(Operation::Recover), [6]);
    let snapshot = stage.snapshot();
    assert_eq!(snapshot.objects.len(), 1, "{:?}", snapshot.objects);
    assert_eq!(snapshot.objects[0].metadata.annotations["workflow.chaos-mesh.org/abort"], "true");
    let mut obeying = Stage::new(&["a"]);
    obeying.answer = Err("connection refused".into());
    obeying.apply(&serial("check, dark", &[&CHECK.replace("Check: true", "Check: false"), DNS]));
    obeying.advance(6);
    assert_eq!(phases(&obeying)[2], "dark Running");
}

#[test]
fn a_schedule_within_a_workflow_stops_at_the_deadline() {
    let mut stage = Stage::new(&["a"]);
    let often = "  - {name: often, templateType: Schedule, deadline: 25s, schedule: {schedule: '@every 10s', type: DNSChaos, historyLimit: 2, dnsChaos: {action: error, mode: all, selector: {}, duration: 8s}}}\n";
    stage.apply(&serial("often, wait", &[often, WAIT]));
    stage.advance(100);
    assert_eq!(stage.operations(Operation::Apply), [10, 20]);
    assert_eq!(stage.operations(Operation::Recover), [18, 25]);
    assert!(accomplished(&stage));
    assert_eq!(stage.snapshot().objects.len(), 1);
}

#[test]
fn a_schedule_of_workflows_makes_one_at_a_time() {
    let mut stage = Stage::new(&["a"]);
    let text = "apiVersion: chaos-mesh.org/v1alpha1\nkind: Schedule\nmetadata: {name: often}\nspec:\n  schedule: '@every 10s'\n  type: Workflow\n  historyLimit: 2\n  workflow:\n    entry: dark\n    templates:\n    - {name: dark, templateType: DNSChaos, deadline: 15s, dnsChaos: {action: error, mode: all, selector: {}}}\n";
    stage.apply(text);
    stage.advance(50);
    assert_eq!(stage.operations(Operation::Apply), [10, 25, 40]);
    assert_eq!(stage.operations(Operation::Recover), [25, 40]);
    stage.engine.pause(&stage.key("Schedule", "often"), true).unwrap();
    stage.advance(100);
    assert_eq!(stage.operations(Operation::Apply).len(), 3);
    assert!(
        stage.events("Schedule", "often").iter().any(|event| event.starts_with("NotSupported "))
    );
}

#[test]
fn a_deleted_workflow_goes_after_its_experiments() {
    let mut stage = Stage::new(&["a"]);
    stage.apply(&serial("dark", &[DNS]));
    let failure = Failure { message: "stuck".into(), partial: false };
    stage.failing.insert("default/a/main".into(), failure);
    stage.engine.delete(&stage.key("Workflow", "flow"), stage.now);
    stage.round();
    assert!(stage.snapshot().find("Workflow", "flow").is_some());
    stage.failing.clear();
    stage.advance(30);
    assert!(stage.snapshot().objects.is_empty());
}

#[test]
fn a_workflow_that_cannot_be_played_whole_is_not_started() {
    let mut stage = Stage::new(&["a"]);
    let task = "  - {name: task, templateType: Task, task: {container: {name: a, image: b}}}\n";
    stage.apply(&serial("dark, task", &[DNS, task]));
    stage.advance(60);
    assert!(stage.log.is_empty() && nodes(&stage).is_empty());
    let events = stage.events("Workflow", "flow");
    assert_eq!(events.len(), 1);
    assert!(
        events[0].starts_with("Failed Failed to start workflow: spec.templates[2].task: "),
        "{events:?}"
    );
}

#[test]
fn a_network_chaos_has_records_at_both_ends() {
    let mut stage = Stage::new(&["a", "b"]);
    let text = "apiVersion: chaos-mesh.org/v1alpha1\nkind: NetworkChaos\nmetadata: {name: slow}\nspec:\n  action: delay\n  mode: one\n  selector: {pods: {default: [a]}}\n  direction: from\n  delay: {latency: 300ms}\n  target: {mode: all, selector: {}}\n  duration: 30s\n";
    stage.apply(text);
    let snapshot = stage.snapshot();
    let slow = snapshot.find("NetworkChaos", "slow").unwrap();
    assert!(slow.is("AllInjected"));
    let keys: Vec<_> = slow
        .records()
        .iter()
        .map(|record| (record.id.as_str(), record.selector_key.as_str()))
        .collect();
    assert_eq!(keys, [("default/a", "."), ("default/a", ".Target"), ("default/b", ".Target")]);
    // Only what the targets send is shaped, so nothing is carried out on the selected pod itself.
    let applied: Vec<&str> = stage.log.iter().map(|(.., id)| id.as_str()).collect();
    assert_eq!(applied, ["default/a", "default/b"]);
    assert_eq!(
        stage
            .events("NetworkChaos", "slow")
            .iter()
            .filter(|event| event.starts_with("Applied"))
            .count(),
        2
    );
    stage.advance(30);
    assert!(stage.snapshot().find("NetworkChaos", "slow").unwrap().is("AllRecovered"));
    assert_eq!(stage.operations(Operation::Recover).len(), 2);
}
