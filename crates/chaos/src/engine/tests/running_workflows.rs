//! Workflows and StatusChecks in the running engine, on a scripted stage and a paused clock.

use std::time::Duration;

use super::parse;
use super::scripted_stage::{Scratch, Temper};
use crate::render;
use crate::snapshot::Snapshot;

const LIMIT: Duration = Duration::from_secs(300);

const FLOW: &str = "
apiVersion: chaos-mesh.org/v1alpha1
kind: Workflow
metadata: {name: flow}
spec:
  entry: all
  templates:
  - {name: all, templateType: Serial, children: [check, dark]}
  - {name: check, templateType: StatusCheck, statusCheck: {type: HTTP, intervalSeconds: 2, failureThreshold: 2, http: {url: 'http://a/', criteria: {statusCode: '200'}}}}
  - {name: dark, templateType: DNSChaos, deadline: 20s, dnsChaos: {action: error, mode: all, selector: {}}}
";

fn accomplished(snapshot: &Snapshot) -> bool {
    snapshot.find("Workflow", "flow").is_some_and(|flow| flow.is("Accomplished"))
}

fn has_event(snapshot: &Snapshot, part: &str) -> bool {
    snapshot.events.iter().any(|event| event.message.contains(part))
}

#[tokio::test(start_paused = true)]
async fn a_workflow_asks_injects_and_recovers_by_itself() {
    let scratch = Scratch::new("flow");
    let stage = scratch.stage(3, Temper::Obedient);
    let engine = scratch.engine(&stage).await;
    engine.apply(parse(FLOW)).await.unwrap();
    engine
        .wait_until(LIMIT, |snapshot| {
            snapshot.objects.iter().any(|object| object.is("AllInjected"))
        })
        .await
        .unwrap();
    assert_eq!(stage.injected(), 3);
    assert!(stage.unjournalled.lock().unwrap().is_empty());
    let (snapshot, flow) = (engine.get().await.unwrap(), "wf/flow".parse().unwrap());
    let described = render::describe(&snapshot, snapshot.find_all(&flow).next().unwrap());
    assert!(described.contains("StatusCheck Accomplished (StatusCheckCompleted)"), "{described}");
    assert!(
        described.contains("DNSChaos Running, until 2026-01-05T10:00:22Z, made dnschaos/dark-"),
        "{described}"
    );
    engine
        .wait_until(LIMIT, |snapshot| accomplished(snapshot) && snapshot.objects.len() == 1)
        .await
        .unwrap();
    assert_eq!(stage.injected(), 0);
    assert!(engine.shutdown(LIMIT).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_faults_of_a_workflow_whose_engine_died_are_undone_by_the_next_one() {
    let scratch = Scratch::new("flow-crash");
    let stage = scratch.stage(3, Temper::Obedient);
    let engine = scratch.engine(&stage).await;
    engine.apply(parse(FLOW)).await.unwrap();
    engine
        .wait_until(LIMIT, |snapshot| {
            snapshot.objects.iter().any(|object| object.is("AllInjected"))
        })
        .await
        .unwrap();
    let task = engine.task.lock().await.take().unwrap();
    task.abort();
    assert!(task.await.is_err());
    assert_eq!(stage.injected(), 3);
    let next = scratch.engine(&stage).await;
    assert_eq!(stage.injected(), 0);
    assert!(next.shutdown(LIMIT).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_and_a_stage_that_breaks_off_are_failures() {
    for (test, temper, part) in [
        ("ask-silent", Temper::Silent, "no answer within 1 s"),
        ("ask-panic", Temper::Panicking, "the stage broke off"),
    ] {
        let scratch = Scratch::new(test);
        let engine = scratch.engine(&scratch.stage(0, temper)).await;
        engine.apply(parse(FLOW)).await.unwrap();
        let reason = "status check completed: StatusCheckFailureThresholdExceed";
        engine
            .wait_until(LIMIT, |snapshot| has_event(snapshot, part) && has_event(snapshot, reason))
            .await
            .unwrap();
        engine.shutdown(LIMIT).await.unwrap();
    }
}
