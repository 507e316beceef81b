//! The real Prometheus and Alertmanager: pods are scraped, rules fire, and mails are sent.
use std::collections::BTreeMap;

use serde_json::Value;
use stage::local::LocalStage;
use stage::{Notification, Stage};
use testkit::processes::{command_line, pids};
use testkit::wait::eventually;

use crate::common::{SOON, apply, config, demo, get, stage, web};

const MONITORING: &str = r#"---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: web, namespace: demo}
spec: {selector: {matchLabels: {app: web}}, endpoints: [{port: admin, interval: 15s}]}
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: web, namespace: demo}
spec:
  groups:
    - name: web
      rules: [{alert: PodsUp, expr: 'sum by (namespace) (up{job="web"}) >= 2', labels: {severity: page}}]
---
apiVersion: monitoring.coreos.com/v1alpha1
kind: AlertmanagerConfig
metadata: {name: oncall, namespace: demo}
spec:
  route: {receiver: night-shift, groupBy: [alertname], groupWait: 30s, groupInterval: 1m}
  receivers: [{name: night-shift, emailConfigs: [{to: night@example.org, sendResolved: true}]}]
"#;

async fn started() -> LocalStage {
    let mut config = config();
    config.monitoring = true;
    LocalStage::start(config).await.unwrap()
}

/// The samples of an instant query: labels and value.
async fn query(stage: &LocalStage, promql: &str) -> Vec<(BTreeMap<String, String>, String)> {
    let address =
        stage.place().prometheus.as_ref().unwrap().trim_start_matches("http://").to_owned();
    let body = get(address, &format!("/api/v1/query?query={promql}")).await.unwrap_or_default();
    let answer: Value = serde_json::from_str(&body).unwrap_or_default();
    let samples = answer["data"]["result"].as_array().cloned().unwrap_or_default();
    let sample = |s: &Value| {
        (
            serde_json::from_value(s["metric"].clone()).unwrap(),
            s["value"][1].as_str().unwrap_or_default().to_owned(),
        )
    };
    samples.iter().map(sample).collect()
}

/// Waits for the message that the alert is in this state.
async fn mail(stage: &LocalStage, status: &str) -> Notification {
    eventually("a mail", async || {
        let mail = stage.mail().await.unwrap();
        mail.into_iter().find(|notification| notification.reports("PodsUp", status))
    })
    .await
}

#[tokio::test]
async fn prometheus_scrapes_every_pod_and_a_firing_alert_reaches_the_inbox_and_resolves() {
    let stage = started().await;
    apply(&stage, &(web(2, "", "") + MONITORING)).await.unwrap();
    stage.wait_ready(&demo("web"), SOON).await.unwrap();
    let samples = eventually("both pods are up", async || {
        let samples = query(&stage, "up").await;
        (samples.len() == 2 && samples.iter().all(|(_, value)| value == "1")).then_some(samples)
    })
    .await;
    let status = stage.snapshot();
    for (labels, _) in &samples {
        assert!(status.pod(&demo(&labels["pod"])).is_some(), "{labels:?}");
        for (name, value) in [
            ("job", "web"),
            ("service", "web"),
            ("namespace", "demo"),
            ("container", "web"),
            ("endpoint", "admin"),
        ] {
            assert_eq!(labels[name], value);
        }
    }
    let mail = mail(&stage, "firing").await;
    assert_eq!(
        (mail.channel.as_str(), mail.receiver.as_str()),
        ("email", "demo/oncall/night-shift")
    );
    apply(&stage, &web(1, "", "")).await.unwrap();
    self::mail(&stage, "resolved").await;
    stage.down().await.unwrap();
}

#[tokio::test]
async fn a_wrong_rule_is_refused_with_its_file_and_changes_nothing() {
    let stage = started().await;
    let bad = MONITORING.replace(">= 2", ">= (");
    let message = apply(&stage, &(web(1, "", "") + &bad)).await.unwrap_err().to_string();
    assert!(message.contains("test.yaml") && message.contains("PrometheusRule/web"), "{message}");
    assert!(stage.snapshot().deployments.is_empty());
    // Only Alertmanager itself knows that this receiver is not there; after its refusal all is as
    // before.
    let bad = MONITORING.replace("route: {receiver: night-shift", "route: {receiver: nobody");
    let message = apply(&stage, &bad).await.unwrap_err().to_string();
    assert!(message.contains("alertmanager") && message.contains("log"), "{message}");
    apply(&stage, MONITORING).await.unwrap();
    stage.down().await.unwrap();
}

#[tokio::test]
async fn a_dying_prometheus_is_reported_at_once_and_not_restarted() {
    let stage = started().await;
    let address =
        stage.place().prometheus.as_ref().unwrap().trim_start_matches("http://").to_owned();
    let pid = listener(&address);
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(pid).unwrap(),
        rustix::process::Signal::KILL,
    )
    .unwrap();
    let dead =
        |s: &stage::Snapshot| s.backends.iter().any(|b| b.name == "prometheus" && b.died.is_some());
    let status = stage.wait_until("Prometheus is dead", dead, SOON).await.unwrap();
    let died = status.events.iter().find(|event| event.reason == "BackendDied").unwrap();
    assert_eq!(died.object, "prometheus");
    assert!(get(address, "/-/ready").await.is_err());
    stage.down().await.unwrap();
}

/// The process whose command line listens on `address`: a child of this test, started by its stage.
fn listener(address: &str) -> i32 {
    let flag = format!("--web.listen-address={address}");
    let listens = |pid: &i32| command_line(*pid).split(' ').any(|arg| arg == flag);
    pids().find(listens).expect("Prometheus runs")
}

const PROBE: &str = r#"---
apiVersion: monitoring.coreos.com/v1
kind: Probe
metadata: {name: outside, namespace: demo}
spec:
  jobName: black-box
  interval: 15s
  prober: {url: blackbox-exporter.monitoring.svc:9115}
  targets:
    staticConfig:
      static: ["http://web.demo:8000/", "http://nobody.demo:8000/"]
      labels: {team: shop}
"#;

#[tokio::test]
async fn a_probe_shows_from_outside_who_answers() {
    let stage = started().await;
    let not_applied = apply(&stage, &(web(1, "", "") + PROBE)).await.unwrap();
    assert!(not_applied.contains(&"Probe/outside: spec.prober".to_owned()));
    stage.wait_ready(&demo("web"), SOON).await.unwrap();
    let samples = eventually("one target answers and one does not", async || {
        let mut samples = query(&stage, "probe_success").await;
        samples.sort_by(|a, b| a.1.cmp(&b.1));
        let values: Vec<&str> = samples.iter().map(|(_, value)| value.as_str()).collect();
        (values == ["0", "1"]).then_some(samples)
    })
    .await;
    let (labels, _) = &samples[1];
    for (name, value) in [
        ("job", "black-box"),
        ("instance", "http://web.demo:8000/"),
        ("team", "shop"),
        ("namespace", "demo"),
    ] {
        assert_eq!(labels[name], value);
    }
    let codes = query(&stage, "probe_http_status_code==200").await;
    assert_eq!(codes.len(), 1);
    stage.down().await.unwrap();
}

#[tokio::test]
async fn what_the_prober_cannot_do_is_refused() {
    let stage = stage().await;
    for (from, to, field) in [
        ("jobName: black-box", "module: tcp_connect", "spec.module"),
        ("interval: 15s", "interval: soon", "spec.interval"),
        ("http://web", "https://web", "spec.targets.staticConfig.static[0]"),
    ] {
        let error = apply(&stage, &PROBE.replace(from, to)).await;
        let message = error.unwrap_err().to_string();
        assert!(message.contains(field), "{message}");
    }
    let unknown = PROBE.replace("jobName: black-box", "metricRelabelings: []");
    let message =
        stage::manifest::Manifests::parse("probe.yaml", unknown.as_str()).unwrap_err().to_string();
    assert!(message.contains("spec.metricRelabelings"), "{message}");
    stage.down().await.unwrap();
}
