//! The names of the stories, answered by the cluster itself: while a stage is there, and not after.

use std::time::{Duration, Instant};

use cluster::names::ANSWER;
use serde_json::Value;

use super::harness::Cluster;

async fn corefile(cluster: &Cluster) -> String {
    let config = cluster.api.get("/api/v1/namespaces/kube-system/configmaps/coredns").await;
    config.unwrap()["data"]["Corefile"].as_str().unwrap().to_owned()
}

#[tokio::test]
#[ignore = "needs a cluster: TALES_CLUSTER names its kubeconfig"]
async fn the_clusters_own_dns_answers_for_the_stories_until_down() {
    let cluster = Cluster::take().await;
    let (before, was) = (cluster.everything().await, corefile(&cluster).await);
    let text = cluster.expect(&["up", "dns-leaker", "--with", "demo-names"], 0);
    assert!(text.contains("CoreDNS answers for the stories"), "{text}");
    assert!(corefile(&cluster).await.contains("# tales.dev/stages: default\n"));
    // It is this answer that the pods get, and none of them has had to do without.
    let pods = cluster.api.list("/api/v1/namespaces/default/pods").await.unwrap();
    let leakers: Vec<&Value> = pods
        .iter()
        .filter(|pod| pod["metadata"]["deletionTimestamp"].is_null())
        .filter(|pod| pod["metadata"]["labels"]["app.kubernetes.io/name"] == "dns-leaker")
        .collect();
    assert_eq!(leakers.len(), 4);
    for pod in leakers {
        let name = pod["metadata"]["name"].as_str().unwrap();
        let proxy = |port: u16| format!("/api/v1/namespaces/default/pods/http:{name}:{port}/proxy");
        // CoreDNS looks at its configuration twice a minute.
        let end = Instant::now() + Duration::from_secs(90);
        loop {
            let answer = cluster.api.text(&format!("{}/resolve/gitlab.com", proxy(8000))).await;
            if answer.as_ref().is_ok_and(|text| text.contains(ANSWER)) {
                break;
            }
            assert!(Instant::now() < end, "{answer:?}");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let metrics = cluster.api.text(&format!("{}/metrics", proxy(9000))).await.unwrap();
        let mut lookups = metrics.lines().filter(|line| line.starts_with("dns_lookups_total{"));
        assert!(lookups.all(|line| line.contains("\"ok\"") || line.ends_with(" 0")), "{metrics}");
    }
    cluster.expect(&["down"], 0);
    assert_eq!(corefile(&cluster).await, was);
    cluster.is_as(&before).await;
}
