//! What a user or a namespace may not do: as much as is possible is played, and the rest is said.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::harness::Cluster;

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

#[tokio::test]
#[ignore = "needs a cluster: TALES_CLUSTER names its kubeconfig"]
async fn a_user_whose_rights_end_at_a_namespace_can_play_in_it() {
    let mut cluster = Cluster::take().await;
    let before = cluster.everything().await;
    let namespace = "tales-alice";
    let meta = json!({"name": "alice", "namespace": namespace});
    cluster.put("/api/v1/namespaces", json!({"metadata": {"name": namespace}})).await;
    let at = |root: &str, plural: &str| format!("{root}/namespaces/{namespace}/{plural}");
    cluster.put(&at("/api/v1", "serviceaccounts"), json!({"metadata": meta})).await;
    let rbac = "/apis/rbac.authorization.k8s.io/v1";
    // Not pods/proxy: pods are asked through port-forwards, as where a NetworkPolicy is in the way.
    let groups = [
        "apps",
        "batch",
        "chaos-mesh.org",
        "discovery.k8s.io",
        "monitoring.coreos.com",
        "networking.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
    ];
    let rules = json!([
        {"apiGroups": groups, "resources": ["*"], "verbs": ["*"]},
        {"apiGroups": [""], "verbs": ["*"], "resources": ["configmaps", "endpoints", "events",
            "pods", "pods/log", "pods/portforward", "secrets", "serviceaccounts", "services",
            "services/proxy"]}]);
    cluster.put(&at(rbac, "roles"), json!({"metadata": meta, "rules": rules})).await;
    let binding = json!({"metadata": meta, "roleRef": {"apiGroup": "rbac.authorization.k8s.io",
        "kind": "Role", "name": "alice"}, "subjects": [{"kind": "ServiceAccount", "name": "alice",
        "namespace": namespace}]});
    cluster.put(&at(rbac, "rolebindings"), binding).await;
    let token = at("/api/v1", "serviceaccounts/alice/token");
    let asked = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
        "spec": {"expirationSeconds": 3600}});
    let token = cluster.api.create(&token, &asked).await.unwrap();
    let file = with_token(&cluster, token["status"]["token"].as_str().unwrap());
    let admin = std::mem::replace(&mut cluster.kubeconfig, file.path().display().to_string());
    let doctor = cluster.expect(&["doctor", "--namespace", namespace], 0);
    assert!(doctor.contains("may not be seen") || doctor.contains("could not look"), "{doctor}");
    // Which images lie on the nodes is not theirs to see.
    let images = cluster::monitoring::Images::choose(&cluster.api).await;
    let prometheus = format!("--use-image=prometheus={}", images.prometheus);
    let alertmanager = format!("--use-image=alertmanager={}", images.alertmanager);
    let play = ["play", "dns-leak", "--namespace", namespace, &prometheus, &alertmanager];
    cluster.expect(&play, 0);
    cluster.kubeconfig = admin;
    cluster.api.delete(&format!("/api/v1/namespaces/{namespace}")).await.unwrap();
    cluster.is_as(&before).await;
}
