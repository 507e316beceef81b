//! Images from a registry on the stage: found by its name, reached through its Service, and hit by
//! the experiment that ships.

use std::path::Path;

use chaos::document;
use chaos::snapshot::Name;
use stage::local::LocalStage;
use stage::{Phase, Snapshot, Stage};

use crate::common::{SOON, apply, demo, stage, web};

/// The pods of this stage serve a manifest under every name: a registry is one of them.
fn registry() -> String {
    web(1, "", "")
        .replace("app: web", "app.kubernetes.io/name: registry")
        .replace("name: web, namespace", "name: registry, namespace")
        .replace("{name: http, port: 8000}", "{name: http, port: 5000, targetPort: http}")
}

fn app(image: &str) -> String {
    web(1, &format!("image: {image}"), "")
}

fn waits(seen: &Snapshot, reason: &str) -> bool {
    let pods = seen.pods_of(&demo("web"));
    pods.iter().any(|pod| pod.containers[0].waiting.as_deref() == Some(reason))
}

async fn a_stage_with_a_registry() -> LocalStage {
    let stage = stage().await;
    apply(&stage, &registry()).await.unwrap();
    stage.wait_ready(&demo("registry"), SOON).await.unwrap();
    stage
}

/// Experiments are for the namespace that they name.
fn experiment() -> document::Document {
    let file = "../../chaos-experiments/devops/registry-limited.yaml";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = std::fs::read_to_string(file).unwrap();
    let text = text.replace("namespace: default", "namespace: demo").replace("- default", "- demo");
    document::parse("registry-limited.yaml", &text).unwrap().remove(0)
}

#[tokio::test]
async fn a_pull_goes_by_name_and_through_the_service_so_chaos_reaches_it() {
    let stage = a_stage_with_a_registry().await;
    stage.inject(&experiment()).await.unwrap();
    let injected = |seen: &Snapshot| seen.pods.iter().any(|pod| !pod.faults.is_empty());
    stage.wait_until("the experiment", injected, SOON).await.unwrap();

    let not_applied = apply(&stage, &app("registry:5000/shop/vienna:v1")).await.unwrap();
    assert!(!not_applied.iter().any(|line| line.contains("image")), "{not_applied:?}");
    let waits_long = |seen: &Snapshot| waits(seen, "ImagePullBackOff");
    let seen = stage.wait_until("a back-off", waits_long, SOON).await.unwrap();
    let said = |text: &str| seen.events.iter().any(|event| event.message.contains(text));
    assert!(
        said("Failed to pull image \"registry:5000/shop/vienna:v1\": 429 "),
        "{:?}",
        seen.events
    );
    assert_eq!(seen.pods_of(&demo("web"))[0].phase, Phase::Pending);

    let name: Name = "demo/httpchaos/registry-limited".parse().unwrap();
    stage.remove(&name, SOON).await.unwrap();
    stage.wait_ready(&demo("web"), SOON).await.unwrap();
    stage.down().await.unwrap();
}

#[tokio::test]
async fn an_image_of_elsewhere_is_there_and_listed_and_one_that_has_no_name_is_refused() {
    let stage = a_stage_with_a_registry().await;
    let not_applied = apply(&stage, &app("registry.example.com/shop:v1")).await.unwrap();
    assert!(
        not_applied.iter().any(|line| line.ends_with("containers[0].image")),
        "{not_applied:?}"
    );
    stage.wait_ready(&demo("web"), SOON).await.unwrap();
    let why = apply(&stage, &app("registry:5000/Shop:v1")).await.unwrap_err().to_string();
    assert!(why.contains("containers[0].image") && why.contains("registry:5000/Shop:v1"), "{why}");
    stage.down().await.unwrap();
}
