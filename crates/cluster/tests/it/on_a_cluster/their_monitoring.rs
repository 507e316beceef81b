//! A cluster that has a Prometheus and an Alertmanager already, as kube-prometheus-stack brings
//! them: objects are selected by a label, and alerts fire that are no part of any tale.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::harness::Cluster;

const NAMESPACE: &str = "tales-stack";
const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";
const VERSION: &str = "monitoring.coreos.com/v1";

/// Their Prometheus, their Alertmanager, and alerts that fire by design.
async fn bring(cluster: &Cluster) {
    let images = cluster::monitoring::Images::choose(&cluster.api).await;
    let meta =
        |name: &str| json!({"name": name, "namespace": NAMESPACE, "labels": {"release": "stack"}});
    let everywhere = json!({});
    let selector = json!({"matchLabels": {"release": "stack"}});
    let prometheus = json!({"apiVersion": VERSION, "kind": "Prometheus", "metadata": meta("k8s"), "spec": {
        "replicas": 1, "image": images.prometheus, "version": version(&images.prometheus), "serviceAccountName": "k8s",
        "serviceMonitorSelector": selector, "serviceMonitorNamespaceSelector": everywhere,
        "probeSelector": selector, "probeNamespaceSelector": everywhere,
        "ruleSelector": selector, "ruleNamespaceSelector": everywhere,
        "alerting": {"alertmanagers": [
            {"namespace": NAMESPACE, "name": "alertmanager-operated", "port": "web"}]}}});
    let alertmanager = json!({"apiVersion": VERSION, "kind": "Alertmanager", "metadata": meta("main"), "spec": {
        "replicas": 1, "image": images.alertmanager, "version": version(&images.alertmanager),
        "alertmanagerConfigSelector": everywhere, "alertmanagerConfigNamespaceSelector": everywhere}});
    let always = |name: &str| json!({"alert": name, "expr": "vector(1)", "labels": {"severity": "critical"}});
    let rules = json!({"apiVersion": VERSION, "kind": "PrometheusRule", "metadata": meta("theirs"), "spec": {"groups": [
        {"name": "theirs", "rules": [always("Watchdog"), always("KubeSchedulerDown")]}]}});
    let monitoring = format!("/apis/{VERSION}/namespaces/{NAMESPACE}");
    cluster.put("/api/v1/namespaces", json!({"metadata": {"name": NAMESPACE}})).await;
    let accounts = format!("/api/v1/namespaces/{NAMESPACE}/serviceaccounts");
    cluster.put(&accounts, json!({"metadata": meta("k8s")})).await;
    for (plural, object) in
        [("prometheuses", prometheus), ("alertmanagers", alertmanager), ("prometheusrules", rules)]
    {
        cluster.put(&format!("{monitoring}/{plural}"), object).await;
    }
    let role = json!({"metadata": {"name": NAMESPACE}, "rules": [
        {"apiGroups": [""], "resources": ["services", "endpoints", "pods"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["get", "list", "watch"]}]});
    for namespace in [NAMESPACE, "default"] {
        cluster.put(&format!("{RBAC}/namespaces/{namespace}/roles"), role.clone()).await;
    }
    allow(cluster, NAMESPACE).await;
}

/// Which options the operator may give to a program.
fn version(image: &str) -> &str {
    image.rsplit(':').next().unwrap()
}

/// Lets their Prometheus look at a namespace.
async fn allow(cluster: &Cluster, namespace: &str) {
    let binding = json!({"metadata": {"name": NAMESPACE},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": NAMESPACE},
        "subjects": [{"kind": "ServiceAccount", "name": "k8s", "namespace": NAMESPACE}]});
    cluster.put(&format!("{RBAC}/namespaces/{namespace}/rolebindings"), binding).await;
}

async fn take_away(cluster: &Cluster) {
    for path in [
        format!("{RBAC}/namespaces/default/rolebindings/{NAMESPACE}"),
        format!("{RBAC}/namespaces/default/roles/{NAMESPACE}"),
        format!("/api/v1/namespaces/{NAMESPACE}"),
    ] {
        cluster.api.delete(&path).await.unwrap();
    }
}

#[tokio::test]
#[ignore = "needs a cluster: TALES_CLUSTER names its kubeconfig"]
async fn a_prometheus_that_is_there_is_used_and_its_own_alerts_change_no_promise() {
    let cluster = Cluster::take().await;
    let before = cluster.everything().await;
    bring(&cluster).await;
    // It may not look yet, so the stage brings its own, and says why.
    let doctor = cluster.expect(&["doctor"], 0);
    let why = format!("ServiceAccount {NAMESPACE}/k8s may not list services in `default`");
    assert!(doctor.contains(&why), "{doctor}");
    allow(&cluster, "default").await;
    // It may take its time to come up; until then the stage would bring its own.
    let end = Instant::now() + Duration::from_secs(60);
    while !cluster.expect(&["doctor"], 0).contains(&format!("{NAMESPACE}/prometheus-k8s-0\n")) {
        assert!(Instant::now() < end, "their Prometheus does not come up");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().display().to_string();
    let text = cluster.expect(&["play", "dns-leak", "--out", &folder], 0);
    assert!(text.contains("prometheus-k8s-0"), "{text}");
    let report = std::fs::read_to_string(out.path().join("report.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    let adapted = report["adapted"].as_array().unwrap();
    assert!(adapted.iter().any(|one| one["now"] == "stack"), "{adapted:#?}");
    take_away(&cluster).await;
    cluster.is_as(&before).await;
}
