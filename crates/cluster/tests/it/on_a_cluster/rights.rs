//! What a user or a namespace may not do: as much as is possible is played, and the rest is said.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::page;

use super::harness::{Cluster, root};

#[tokio::test]
#[ignore = "needs a cluster: TALES_CLUSTER names its kubeconfig"]
async fn pod_security_restricted_is_content() {
    let cluster = Cluster::take().await;
    let before = cluster.everything().await;
    let namespace = json!({"metadata": {"name": "tales-restricted",
        "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
    cluster.put("/api/v1/namespaces", namespace).await;
    let text = cluster.expect(&["up", "dns-leaker", "--namespace", "tales-restricted"], 0);
    assert!(text.contains("dns-leaker-o11y"), "{text}");
    cluster.expect(&["down", "--namespace", "tales-restricted"], 0);
    cluster.api.delete("/api/v1/namespaces/tales-restricted").await.unwrap();
    cluster.is_as(&before).await;
}

#[tokio::test]
#[ignore = "needs a cluster: TALES_CLUSTER names its kubeconfig"]
async fn a_namespace_that_refuses_pods_is_told_at_once() {
    let cluster = Cluster::take().await;
    let before = cluster.everything().await;
    let namespace = "tales-full";
    cluster.put("/api/v1/namespaces", json!({"metadata": {"name": namespace}})).await;
    let quota = json!({"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}});
    cluster.put(&format!("/api/v1/namespaces/{namespace}/resourcequotas"), quota).await;
    let since = Instant::now();
    let text = cluster.expect(&["up", "dns-leaker", "--namespace", namespace], 2);
    println!("a full namespace was told after {:?}", since.elapsed());
    assert!(text.contains("exceeded quota"), "{text}");
    cluster.api.delete(&format!("/api/v1/namespaces/{namespace}")).await.unwrap();
    cluster.is_as(&before).await;
}

/// A kubeconfig for the same server with another token.
fn with_token(cluster: &Cluster, token: &str) -> tempfile::NamedTempFile {
    let text = std::fs::read_to_string(&cluster.kubeconfig).unwrap();
    let mut config: Value = serde_saphyr::from_str(&text).unwrap();
    let user = config["contexts"][0]["context"]["user"].clone();
    config["users"] = json!([{"name": user, "user": {"token": token}}]);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, config.to_string()).unwrap();
    file
}

#[tokio::test]
#[ignore = "needs a cluster: TALES_CLUSTER names its kubeconfig"]
async fn a_token_that_is_not_valid_any_more_is_named_at_once() {
    let mut cluster = Cluster::take().await;
    let file = with_token(&cluster, "not.valid.anymore");
    cluster.kubeconfig = file.path().display().to_string();
    let since = Instant::now();
    let text = cluster.expect(&["play", "dns-leak"], 2);
    assert!(text.contains("log in again"), "{text}");
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
}

/// A folder with what the page about a shared cluster names, and an image that lies on the node.
fn folder(image: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let shared = "docs/workshop/shared";
    std::fs::create_dir_all(folder.path().join(shared)).unwrap();
    for file in ["attendee.yaml", "prometheus.yaml"] {
        let file = std::path::Path::new(shared).join(file);
        let text = std::fs::read_to_string(root().join(&file)).unwrap();
        let (_, version) = image.rsplit_once(':').unwrap();
        let pinned = "quay.io/prometheus/prometheus:v3.13.2";
        let text = text.replace(pinned, image).replace("v3.13.2", version);
        std::fs::write(folder.path().join(file), text).unwrap();
    }
    folder
}

/// Follows a part of the page there, as who runs the cluster.
fn follow(cluster: &Cluster, folder: &std::path::Path, part: &str) -> String {
    let mut bash = Command::new("bash");
    bash.args(["-c", &page::script(part, 60)]).current_dir(folder);
    let output = bash.env("KUBECONFIG", &cluster.kubeconfig).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// Two attendees write the same rule.
async fn write_equal_rules(cluster: &Cluster) {
    for namespace in ["tales-alice", "tales-bob"] {
        let rule = json!({"record": "attendees:own", "expr": "vector(1)"});
        let rules = json!({"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule",
            "metadata": {"name": "own", "namespace": namespace},
            "spec": {"groups": [{"name": "own", "interval": "1s", "rules": [rule]}]}});
        let path = format!("/apis/monitoring.coreos.com/v1/namespaces/{namespace}/prometheusrules");
        cluster.put(&path, rules).await;
    }
}

/// The shared Prometheus keeps attendees apart.
async fn equal_rules_are_two_series(cluster: &Cluster) {
    let pod = "/api/v1/namespaces/tales-shared/pods/http:prometheus-shared-0:9090/proxy";
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let path = format!("{pod}/api/v1/query?query=attendees:own");
        let answer = cluster.api.get(&path).await.unwrap_or_default();
        let series = answer["data"]["result"].as_array().cloned().unwrap_or_default();
        let of = |series: &Value| series["metric"]["namespace"].as_str().unwrap().to_owned();
        let mut namespaces: Vec<String> = series.iter().map(of).collect();
        namespaces.sort();
        if namespaces == ["tales-alice", "tales-bob"] {
            return;
        }
        assert!(Instant::now() < end, "{answer}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// As the page about a cluster that attendees share says it. Without pods/proxy: pods are asked
/// through port-forwards, as where a NetworkPolicy is in the way.
#[tokio::test]
#[ignore = "needs a cluster: TALES_CLUSTER names its kubeconfig; and kubectl"]
async fn a_user_whose_rights_end_at_a_namespace_can_play_in_it() {
    let mut cluster = Cluster::take().await;
    let namespace = "tales-alice";
    let images = cluster::monitoring::Images::choose(&cluster.api).await;
    let folder = folder(&images.prometheus);
    let page = std::fs::read_to_string(root().join("docs/workshop/shared/README.md")).unwrap();
    let (bring, rest) = page.split_once("## What attendees do").unwrap();
    let (attendees, afterwards) = rest.split_once("## Afterwards").unwrap();
    follow(&cluster, folder.path(), afterwards); // what an earlier run left
    let before = cluster.everything().await;
    let said = follow(&cluster, folder.path(), bring);
    write_equal_rules(&cluster).await;
    // The key is the last thing that the page prints.
    let file = with_token(&cluster, said.trim().lines().last().unwrap());
    assert!(attendees.contains("./tale play dns-leak --on cluster --namespace tales-alice"));
    let admin = std::mem::replace(&mut cluster.kubeconfig, file.path().display().to_string());
    let doctor = cluster.expect(&["doctor", "--namespace", namespace], 0);
    assert!(doctor.contains("may not be seen") || doctor.contains("could not look"), "{doctor}");
    // Which images lie on the nodes is not theirs to see.
    let prometheus = format!("--use-image=prometheus={}", images.prometheus);
    let alertmanager = format!("--use-image=alertmanager={}", images.alertmanager);
    let play = ["play", "dns-leak", "--namespace", namespace, &prometheus, &alertmanager];
    cluster.expect(&play, 0);
    cluster.kubeconfig = admin;
    equal_rules_are_two_series(&cluster).await;
    follow(&cluster, folder.path(), afterwards);
    cluster.is_as(&before).await;
}
