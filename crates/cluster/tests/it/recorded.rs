//! What a real Chaos Mesh wrote, read by the stage.

use std::path::Path;
use std::sync::Arc;

use chaos::snapshot::{Object, Phase};
use cluster::{ClusterStage, Options};
use serde_json::Value;
use slo::Clock;
use stage::Stage;

use crate::fake::Fake;

/// The states of a recorded experiment, as the stage sees each.
async fn seen(fixture: &str) -> Vec<Object> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(fixture);
    let states: Vec<Value> =
        serde_json::from_str(&std::fs::read_to_string(file.with_extension("json")).unwrap())
            .unwrap();
    let mut seen = Vec::new();
    for state in states {
        let fake = Fake::start().await;
        let plural = state["kind"].as_str().unwrap().to_lowercase();
        let name = state["metadata"]["name"].as_str().unwrap().to_owned();
        let list = format!("/apis/chaos-mesh.org/v1alpha1/namespaces/default/{plural}");
        // A list does not repeat the kind.
        let mut item = state.clone();
        item.as_object_mut().unwrap().remove("kind");
        fake.put(&format!("{list}/{name}"), item);
        let options = Options {
            namespace: "default".to_owned(),
            clock: Clock::Stage,
            image: String::new(),
            demo_names: false,
            own_monitoring: false,
            use_images: Vec::new(),
            prometheus_url: None,
            alertmanager_url: None,
            progress: Arc::new(|_, _, _| {}),
        };
        let stage = ClusterStage::start(&fake.connection(), options).await.unwrap();
        let snapshot = stage.chaos().await.unwrap();
        assert_eq!(snapshot.objects.len(), 1, "{fixture}: {state}");
        seen.extend(snapshot.objects);
    }
    seen
}

#[tokio::test]
async fn a_whole_life_begins_and_ends() {
    let life = seen("whole-life").await;
    assert!(life.iter().any(Object::begun));
    assert!(life.last().unwrap().is("AllRecovered"));
}

#[tokio::test]
async fn what_was_never_injected_has_not_begun_whatever_else_is_true() {
    for fixture in
        ["image-without-shell", "nobody-selected", "kernel-without-netem", "dns-server-overloaded"]
    {
        let life = seen(fixture).await;
        assert!(!life.iter().any(Object::begun), "{fixture}");
    }
    let shell = seen("image-without-shell").await;
    assert!(shell.iter().any(|object| object.is("AllRecovered")), "it says so all the same");
}

#[tokio::test]
async fn a_record_says_why() {
    for (fixture, words) in [
        ("image-without-shell", "exit status"),
        ("kernel-without-netem", "unable to set tcs"),
        ("dns-server-overloaded", "DeadlineExceeded"),
    ] {
        let life = seen(fixture).await;
        let said = life.iter().flat_map(Object::records).any(|record| {
            record.phase != Phase::Injected
                && record.events.iter().any(|event| event.message.contains(words))
        });
        assert!(said, "{fixture}");
    }
}
