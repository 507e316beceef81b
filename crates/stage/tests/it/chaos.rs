//! Experiments through the trait: what a play does, and what it sees.

use std::sync::Arc;
use std::time::Duration;

use ::chaos::document::{self, Document};
use chaos::engine::EngineError;
use chaos::snapshot::{Applied, Name, Object};
use stage::local::LocalStage;
use stage::{Snapshot, Stage, StageError, StageKind, wait_for_chaos};
use testkit::processes::is_alive;
use testkit::wait::eventually;

use crate::common::{SOON, apply, config, demo, stage, web};

/// A fault on name lookups, without an end.
const DNS: &str = "apiVersion: chaos-mesh.org/v1alpha1
kind: DNSChaos
metadata: {name: dark, namespace: demo}
spec: {action: error, mode: all, selector: {namespaces: [demo]}}
";

fn parse(text: &str) -> Document {
    document::parse("chaos.yaml", text).unwrap().remove(0)
}

fn dark() -> Name {
    "demo/dnschaos/dark".parse().unwrap()
}

/// A stage that is only known by its trait, with two pods.
async fn two_pods() -> Arc<dyn Stage> {
    let stage = stage().await;
    apply(&stage, &web(2, "", "")).await.unwrap();
    stage.wait_ready(&demo("web"), SOON).await.unwrap();
    Arc::new(stage)
}

fn begun(snapshot: &chaos::snapshot::Snapshot) -> bool {
    snapshot.find("DNSChaos", "dark").is_some_and(Object::begun)
}

#[tokio::test]
async fn an_experiment_is_injected_seen_paused_and_removed() {
    let stage = two_pods().await;
    assert_eq!(stage.place().kind, StageKind::Local);
    assert_eq!(stage.inject(&parse(DNS)).await.unwrap(), Applied::Created);
    assert_eq!(stage.inject(&parse(DNS)).await.unwrap(), Applied::Unchanged);
    let seen = wait_for_chaos(&*stage, SOON, begun).await.unwrap();
    assert_eq!(seen.find("DNSChaos", "dark").unwrap().records().len(), 2);
    let hit = |status: &Snapshot| status.pods.iter().filter(|pod| pod.dns_fault).count();
    assert_eq!(hit(&stage.status().await.unwrap()), 2);

    stage.pause(&dark(), true).await.unwrap();
    let paused = |s: &chaos::snapshot::Snapshot| {
        s.find("DNSChaos", "dark").is_some_and(|object| object.is("AllRecovered"))
    };
    wait_for_chaos(&*stage, SOON, paused).await.unwrap();
    assert_eq!(hit(&stage.status().await.unwrap()), 0);
    stage.pause(&dark(), false).await.unwrap();
    wait_for_chaos(&*stage, SOON, begun).await.unwrap();

    stage.remove(&dark(), SOON).await.unwrap();
    assert!(stage.chaos().await.unwrap().objects.is_empty());
    assert_eq!(hit(&stage.status().await.unwrap()), 0);
    let again = stage.remove(&dark(), SOON).await.unwrap_err();
    assert!(matches!(again, StageError::Chaos(EngineError::NotFound(_))), "{again}");
    stage.down().await.unwrap();
}

#[tokio::test]
async fn waiting_in_vain_ends() {
    let stage = two_pods().await;
    let never = wait_for_chaos(&*stage, Duration::from_millis(1), |_| false).await;
    assert!(matches!(never, Err(StageError::Chaos(EngineError::TimedOut { .. }))), "{never:?}");
    stage.down().await.unwrap();
    let down = wait_for_chaos(&*stage, SOON, |_| true).await;
    assert!(matches!(down, Err(StageError::Chaos(EngineError::Stopped))), "{down:?}");
}

#[tokio::test]
async fn a_stage_that_ends_ends_its_faults_and_the_next_one_finds_none() {
    let config = config();
    let journal = config.state_dir.join("chaos.journal");
    let first = LocalStage::start(config.clone()).await.unwrap();
    apply(&first, &web(1, "", "")).await.unwrap();
    first.wait_ready(&demo("web"), SOON).await.unwrap();
    first.inject(&parse(DNS)).await.unwrap();
    wait_for_chaos(&first, SOON, begun).await.unwrap();
    let left = || chaos::engine::journal::replay(&journal).unwrap();
    assert_eq!(left().len(), 1);
    first.down().await.unwrap();
    assert!(left().is_empty());

    // The same without an orderly end.
    let second = LocalStage::start(config.clone()).await.unwrap();
    apply(&second, &web(1, "", "")).await.unwrap();
    second.wait_ready(&demo("web"), SOON).await.unwrap();
    second.inject(&parse(DNS)).await.unwrap();
    wait_for_chaos(&second, SOON, begun).await.unwrap();
    let pod = second.snapshot().pods[0].containers[0].pid.unwrap();
    drop(second);
    eventually("its pod is gone", async || (!is_alive(pod)).then_some(())).await;
    let third =
        eventually("the folder is free", async || LocalStage::start(config.clone()).await.ok())
            .await;
    assert!(left().is_empty() && third.chaos().await.unwrap().objects.is_empty());
    third.down().await.unwrap();
}

#[tokio::test]
async fn what_a_stage_shows_survives_the_way_through_json() {
    let stage = two_pods().await;
    stage.inject(&parse(DNS)).await.unwrap();
    wait_for_chaos(&*stage, SOON, begun).await.unwrap();
    let status = stage.status().await.unwrap();
    assert!(status.events.iter().any(|event| event.reason == "DnsFault"));
    let text = serde_json::to_string(&*status).unwrap();
    assert_eq!(serde_json::from_str::<Snapshot>(&text).unwrap(), *status);
    let place = serde_json::to_string(stage.place()).unwrap();
    assert_eq!(serde_json::from_str::<stage::Place>(&place).unwrap(), *stage.place());
    stage.down().await.unwrap();
}
