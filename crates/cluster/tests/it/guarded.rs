//! What a stage does to a cluster, and what it leaves alone.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chaos::document;
use chaos::snapshot::Applied;
use cluster::object::labels;
use cluster::{ClusterStage, Options, sweep};
use serde_json::{Value, json};
use slo::Clock;
use stage::{NamespacedName, SourceFile, Stage, StageError};

use crate::fake::Fake;

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/demo/deployments";
const DNS: &str = "/apis/chaos-mesh.org/v1alpha1/namespaces/demo/dnschaos";

fn options() -> Options {
    Options {
        namespace: "demo".to_owned(),
        clock: Clock::Stage,
        image: "registry.example.org/tales:1".to_owned(),
        demo_names: false,
        own_monitoring: false,
        use_images: Vec::new(),
        prometheus_url: None,
        alertmanager_url: None,
        progress: Arc::new(|_, _, _| {}),
    }
}

async fn stage(fake: &Fake) -> ClusterStage {
    ClusterStage::start(&fake.connection(), options()).await.unwrap()
}

fn app() -> Vec<SourceFile> {
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app, namespace: default}\n\
        spec:\n  replicas: 1\n  selector: {matchLabels: {app: app}}\n  template:\n    metadata: {labels: {app: app}}\n    \
        spec: {containers: [{name: app, image: 'tales:latest', env: [{name: A, value: b}]}]}\n";
    vec![SourceFile { name: "app.yaml".to_owned(), text: text.to_owned() }]
}

#[tokio::test]
async fn a_new_object_is_applied_without_force_and_our_own_with_it_and_always_strictly() {
    let fake = Fake::start().await;
    let stage = stage(&fake).await;
    stage.apply(&app(), &BTreeMap::new()).await.unwrap();
    let path = format!("PATCH {DEPLOYMENTS}/app?");
    let wanted =
        |force: bool| format!("{path}fieldManager=tale&fieldValidation=Strict&force={force}");
    assert_eq!(fake.asked(&path), [wanted(false)]);
    stage.apply(&app(), &BTreeMap::new()).await.unwrap();
    assert_eq!(fake.asked(&path), [wanted(false), wanted(true)]);
}

#[tokio::test]
async fn an_object_of_somebody_else_stops_everything_before_anything_is_changed() {
    let fake = Fake::start().await;
    fake.put(
        &format!("{DEPLOYMENTS}/app"),
        json!({"kind": "Deployment", "metadata": {"name": "app"}}),
    );
    let stage = stage(&fake).await;
    let why = stage.apply(&app(), &BTreeMap::new()).await.unwrap_err().to_string();
    assert!(why.contains("Deployment/app") && why.contains("--namespace"), "{why}");
    assert_eq!(fake.asked("PATCH"), Vec::<String>::new());
}

#[tokio::test]
async fn setting_a_variable_applies_the_whole_document_again() {
    let fake = Fake::start().await;
    let stage = stage(&fake).await;
    stage.apply(&app(), &BTreeMap::new()).await.unwrap();
    let before = fake.store.lock().unwrap()[&format!("{DEPLOYMENTS}/app")].clone();
    let env = BTreeMap::from([("A".to_owned(), "c".to_owned())]);
    stage.set_env(&NamespacedName::new("default", "app"), &env).await.unwrap();
    let after = fake.store.lock().unwrap()[&format!("{DEPLOYMENTS}/app")].clone();
    let mut expected = before;
    expected["spec"]["template"]["spec"]["containers"][0]["env"] =
        json!([{"name": "A", "value": "c"}]);
    assert_eq!(after, expected);
}

#[tokio::test]
async fn another_process_sets_a_variable_of_what_is_there_and_of_nothing_else() {
    let fake = Fake::start().await;
    stage(&fake).await.apply(&app(), &BTreeMap::new()).await.unwrap();
    let other = stage(&fake).await;
    let env = BTreeMap::from([("A".to_owned(), "c".to_owned())]);
    other.set_env(&NamespacedName::new("default", "app"), &env).await.unwrap();
    let app = fake.store.lock().unwrap()[&format!("{DEPLOYMENTS}/app")].clone();
    let container = &app["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["env"], json!([{"name": "A", "value": "c"}]));
    assert_eq!(container["image"], options().image.as_str(), "the rest is as it was");
    let missing = NamespacedName::new("default", "other");
    assert!(matches!(other.set_env(&missing, &env).await, Err(StageError::NotFound { .. })));
}

#[tokio::test]
async fn a_release_of_another_process_gets_the_image_of_the_stage() {
    let fake = Fake::start().await;
    let unknown = Options { image: String::new(), ..options() };
    let other = ClusterStage::start(&fake.connection(), unknown).await.unwrap();
    let why = other.apply(&app(), &BTreeMap::new()).await.unwrap_err().to_string();
    assert!(why.contains("no stage in the namespace demo") && why.contains("tale up"), "{why}");
    stage(&fake).await.apply(&app(), &BTreeMap::new()).await.unwrap();
    other.apply(&app(), &BTreeMap::new()).await.unwrap();
    for name in ["app", "tales-inbox"] {
        let object = fake.store.lock().unwrap()[&format!("{DEPLOYMENTS}/{name}")].clone();
        let image = &object["spec"]["template"]["spec"]["containers"][0]["image"];
        assert_eq!(image, options().image.as_str(), "{name}");
    }
}

/// A kubelet that is refused once waits ten seconds.
#[tokio::test]
async fn what_is_pulled_from_a_registry_of_the_stage_comes_when_it_is_filled() {
    let fake = Fake::start().await;
    let manifests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../manifests/base");
    let files = SourceFile::load(&["registry", "shops"].map(|app| manifests.join(app))).unwrap();
    stage(&fake).await.apply(&files, &BTreeMap::new()).await.unwrap();
    let asked = fake.asked("");
    let last = |start: &str| asked.iter().rposition(|line| line.starts_with(start)).unwrap();
    let first = |start: &str| asked.iter().position(|line| line.starts_with(start)).unwrap();
    let jobs = DEPLOYMENTS.replace("apps", "batch").replace("deployments", "jobs");
    let shop = first(&format!("PATCH {DEPLOYMENTS}/shop-"));
    assert!(first(&format!("PATCH {DEPLOYMENTS}/registry?")) < shop);
    let filled = last(&format!("GET {jobs}/release-pipeline"));
    assert!(first(&format!("PATCH {jobs}/release-pipeline?")) < filled && filled < shop);
}

#[tokio::test]
async fn down_takes_what_is_the_stages_and_nothing_else_and_may_come_twice() {
    let fake = Fake::start().await;
    let theirs = [
        ("app", json!({})),
        ("labelled", json!({"app.kubernetes.io/managed-by": "tale"})),
        ("other", labels("elsewhere")),
    ];
    for (name, labels) in theirs {
        let object = json!({"metadata": {"name": name, "labels": labels}});
        fake.put(&format!("/api/v1/namespaces/demo/configmaps/{name}"), object);
    }
    fake.put("/api/v1/namespaces/demo", json!({"metadata": {"name": "demo"}}));
    let before = fake.paths();
    let stage = stage(&fake).await;
    stage.apply(&app(), &BTreeMap::new()).await.unwrap();
    assert!(fake.paths().len() > before.len() + 5, "{:?}", fake.paths());
    stage.down().await.unwrap();
    assert_eq!(fake.paths(), before);
    let again = sweep::all(&fake.connection().api, "demo").await.unwrap();
    assert_eq!((again.objects, fake.paths()), (0, before));
}

#[tokio::test]
async fn a_namespace_that_was_not_there_is_made_and_goes_again() {
    let fake = Fake::start().await;
    let stage = stage(&fake).await;
    stage.apply(&app(), &BTreeMap::new()).await.unwrap();
    assert!(fake.paths().contains(&"/api/v1/namespaces/demo".to_owned()));
    stage.down().await.unwrap();
    assert_eq!(fake.paths(), Vec::<String>::new());
}

fn experiment(duration: &str) -> document::Document {
    let text = format!(
        "apiVersion: chaos-mesh.org/v1alpha1\nkind: DNSChaos\nmetadata: {{name: dark, namespace: default}}\n\
         spec: {{action: error, mode: all, {duration} patterns: [cncf.io], selector: {{namespaces: [default]}}}}\n"
    );
    document::parse("dark.yaml", &text).unwrap().remove(0)
}

#[tokio::test]
async fn an_experiment_ends_by_itself_stays_in_its_namespace_and_that_is_written_down() {
    let fake = Fake::start().await;
    let stage = stage(&fake).await;
    assert_eq!(stage.inject(&experiment("")).await.unwrap(), Applied::Created);
    let object = fake.store.lock().unwrap()[&format!("{DNS}/dark")].clone();
    assert_eq!(object["spec"]["duration"], "10m");
    assert_eq!(object["spec"]["selector"]["namespaces"], json!(["demo"]));
    let adapted: Vec<String> = stage.adapted().iter().map(|one| one.field.clone()).collect();
    assert!(adapted.contains(&"spec.duration".to_owned()), "{adapted:?}");
    let other = stage.inject(&experiment("duration: 5s,")).await.unwrap_err().to_string();
    assert!(other.contains("cannot change"), "{other}");
}

#[tokio::test]
async fn an_experiment_that_was_never_injected_is_let_go_of_and_that_is_said() {
    let fake = Fake::start().await;
    let stage = stage(&fake).await;
    stage.inject(&experiment("duration: 5s,")).await.unwrap();
    {
        let mut store = fake.store.lock().unwrap();
        let object = store.get_mut(&format!("{DNS}/dark")).unwrap();
        object["metadata"]["finalizers"] = json!(["chaos-mesh/records"]);
        object["status"] = stuck();
    }
    let swept = sweep::experiments(&fake.connection().api, "demo").await.unwrap();
    assert_eq!((swept.objects, fake.asked(&format!("GET {DNS}/dark")).is_empty()), (1, false));
    assert!(swept.sentences[0].contains("qdisc kind is unknown"), "{:?}", swept.sentences);
    assert!(!fake.paths().contains(&format!("{DNS}/dark")));
}

#[tokio::test]
async fn a_foreign_experiment_is_not_deleted() {
    let fake = Fake::start().await;
    let theirs = json!({"metadata": {"name": "dark", "uid": "1"}});
    fake.put(&format!("{DNS}/dark"), theirs);
    let stage = stage(&fake).await;
    let name = "dark".parse().unwrap();
    let why = stage.remove(&name, Duration::from_secs(5)).await.unwrap_err().to_string();
    assert!(why.contains("not this stage's"), "{why}");
    assert_eq!(fake.asked("DELETE"), Vec::<String>::new());
}

fn stuck() -> Value {
    json!({"experiment": {"desiredPhase": "Run", "containerRecords": [{
        "id": "demo/app-1/app", "selectorKey": ".", "phase": "Not Injected/Wait", "injectedCount": 0,
        "recoveredCount": 0, "events": [{"operation": "Apply", "type": "Failed",
            "message": "Error: Specified qdisc kind is unknown.", "timestamp": "2026-01-01T00:00:00Z"}]}]}})
}
