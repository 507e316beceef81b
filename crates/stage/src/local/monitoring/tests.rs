//! Prometheus follows the pods, and a death is noticed.

use super::backend::BackendSpec;
use super::*;
use crate::local::testing::{LIVES, SERVICES, SOON, TestStage, web};

const MONITOR: &str = "---\napiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\n\
    metadata: {name: web, namespace: demo}\n\
    spec: {selector: {matchLabels: {app: web}}, endpoints: [{port: http}]}\n";

async fn monitoring(stage: &TestStage) -> Monitoring {
    let claim = LoopbackNetwork::claim().unwrap();
    let events = stage.events.clone();
    Monitoring::start(&stage.config, &claim, Zone::default(), &stage.spawner, events).await.unwrap()
}

#[tokio::test]
async fn target_files_name_the_living_pods_and_are_written_only_on_a_change() {
    let mut stage = TestStage::new(LIVES).await;
    let yaml = web(2, "") + SERVICES + MONITOR;
    stage.apply(SERVICES).await;
    let mut monitoring = monitoring(&stage).await;
    let manifests = Manifests::parse("test.yaml", &yaml).unwrap();
    monitoring.check(&manifests).await.unwrap();
    monitoring.apply(&manifests, &stage.pods, &stage.network).await.unwrap();
    let file = stage.dir.path().join("prometheus/targets/demo_web_0.json");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "[]");

    stage.apply(&yaml).await;
    monitoring.follow(&stage.pods, &stage.network);
    let text = std::fs::read_to_string(&file).unwrap();
    for pod in stage.pods.iter() {
        assert!(text.contains(&format!("\"{}:8000\"", pod.ip())), "{text}");
    }
    std::fs::remove_file(&file).unwrap();
    monitoring.follow(&stage.pods, &stage.network);
    assert!(!file.exists(), "nothing has changed");
}

#[tokio::test]
async fn a_backend_that_dies_is_reported_once_and_stays_dead() {
    let stage = TestStage::new("echo last words; exit 3").await;
    let mut monitoring = monitoring(&stage).await;
    let spec = BackendSpec { programs: &["sh"], optional: None, ..PROMETHEUS };
    let (ip, dir) = (std::net::Ipv4Addr::LOCALHOST, stage.dir.path());
    let backend = Backend::start(&spec, &stage.spawner, ip, dir).await;
    monitoring.prometheus = Some(backend.unwrap());
    let end = std::time::Instant::now() + SOON;
    while monitoring.status()[0].died.is_none() {
        assert!(std::time::Instant::now() < end, "its death is never noticed");
        tokio::task::yield_now().await;
        monitoring.tick();
    }
    assert!(monitoring.take_changed());
    monitoring.tick();
    assert!(!monitoring.take_changed());
    assert_eq!(stage.reasons(), ["BackendDied"]);
    let died = monitoring.status()[0].died.clone().unwrap();
    assert!(died.ends_with("last words"), "{died}");
}
