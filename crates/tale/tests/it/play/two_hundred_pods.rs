//! Two hundred pods on one machine under one experiment. Alone: they are all of the machine.

use std::time::Duration;

use testkit::processes::memory_kib;
use testkit::project::Project;

use super::write_tale;

const DEPLOYMENT: &str = "manifests/base/dns-leaker/deployment.yaml";

const CROWD: &str = r#"
  - act: calm
    promises:
      - {metric: 'count(up{job="dns-leaker"} == 1) == 200', within: 2m}
  - act: dark
    chaos: chaos-experiments/dns-leak/dns-error.yaml
    promises:
      - {metric: 'count(rate(dns_lookups_total{result="servfail"}[10s]) > 0) == 200', within: 2m}
  - act: light
    calm: chaos-experiments/dns-leak/dns-error.yaml
    promises:
      - {metric: 'sum(rate(dns_lookups_total{result="servfail"}[5s])) == 0', within: 2m}
"#;

/// The most memory that the process may use which proxies, resolves names, probes and injects for
/// all pods.
const MOST_MIB: u64 = 150;

#[tokio::test]
async fn two_hundred_pods_are_hit_by_one_experiment_and_recover() {
    let project = Project::alone(crate::TALE).await;
    project.edit(DEPLOYMENT, "replicas: 1", "replicas: 50");
    project.edit(DEPLOYMENT, "replicas: 2", "replicas: 100");
    write_tale(&project, "crowd", CROWD);
    let mut playing = project.start(&["play", "crowd"]);
    let mut peak = 0;
    while !playing.ends_within(Duration::from_millis(100)).await {
        peak = peak.max(memory_kib(playing.pid(), "VmHWM").unwrap_or(0));
    }
    let ended = playing.end().await.expect_code(0);
    assert!(ended.stderr.contains("200 pods"), "{}", ended.stderr);
    assert!(ended.stderr.contains("200 targets"), "{}", ended.stderr);
    let report = project.report("crowd");
    let at = |pointer: &str| report.pointer(pointer).unwrap().as_f64().unwrap();
    println!(
        "200 pods: stage up after {:.1} s, all injected in {:.2} s, peak RSS of tale {} MiB, whole play {:.1} s",
        at("/acts/0/from_s"),
        at("/faults/0/from_s") - at("/acts/1/from_s"),
        peak / 1024,
        at("/seconds"),
    );
    assert!(peak > 0, "the memory of tale was never seen");
    assert!(peak / 1024 < MOST_MIB, "{} MiB", peak / 1024);
    project.is_left_alone().await;
}
