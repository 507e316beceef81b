//! Stories: kept, broken without their fault, and undecided when nobody could see them to their
//! end.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::harness::{Cluster, Playing};

#[tokio::test]
#[ignore = "needs a cluster: TALES_CLUSTER names its kubeconfig"]
async fn the_story_keeps_its_promises_twice_in_a_row_and_leaves_nothing() {
    let cluster = Cluster::take().await;
    let before = cluster.everything().await;
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().display().to_string();
    cluster.expect(&["play", "dns-leak", "--out", &folder], 0);
    tokio::time::sleep(Duration::from_secs(10)).await;
    cluster.expect(&["play", "dns-leak", "--out", &folder], 0);
    let report = fs::read_to_string(out.path().join("report.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(
        (report["stage"].as_str(), report["verdict"].as_str()),
        (Some("cluster"), Some("kept"))
    );
    assert!(report["adapted"].as_array().unwrap().len() > 10);
    cluster.is_as(&before).await;
}

#[tokio::test]
#[ignore = "needs a cluster: TALES_CLUSTER names its kubeconfig"]
async fn without_its_fault_the_story_fails() {
    let cluster = Cluster::take().await;
    let before = cluster.everything().await;
    let text = cluster.expect(&["play", "dns-leak", "--without-chaos"], 1);
    assert!(text.contains("lookups fail with SERVFAIL"), "{text}");
    cluster.is_as(&before).await;
}

#[tokio::test]
#[ignore = "needs a cluster: TALES_CLUSTER names its kubeconfig"]
async fn clients_that_never_hang_up_are_told_as_well() {
    let cluster = Cluster::take().await;
    let before = cluster.everything().await;
    cluster.expect(&["play", "dev"], 0);
    cluster.is_as(&before).await;
}

#[tokio::test]
#[ignore = "needs a cluster: TALES_CLUSTER names its kubeconfig"]
async fn the_zone_that_stopped_being_signed_is_told_as_well() {
    let cluster = Cluster::take().await;
    let before = cluster.everything().await;
    cluster.expect(&["play", "ops"], 0);
    cluster.is_as(&before).await;
}

/// The kubelet pulls, is refused by our registry, and backs off: in its own words, and not in ours.
#[tokio::test]
#[ignore = "needs a cluster: TALES_CLUSTER names its kubeconfig"]
async fn new_prices_for_a_third_are_told_by_the_kubelet() {
    let cluster = Cluster::take().await;
    let before = cluster.everything().await;
    let since = jiff::Timestamp::now().to_string();
    cluster.expect(&["play", "devops"], 0);
    cluster.is_as(&before).await;
    let events = cluster.api.list("/api/v1/namespaces/default/events").await.unwrap();
    let said = |reason: &str, words: &str| {
        let kubelets = events.iter().filter(|event| {
            event["source"]["component"] == "kubelet"
                && event["reason"] == reason
                && event["lastTimestamp"].as_str().is_some_and(|at| at > since.as_str())
        });
        let all = kubelets.filter_map(|event| event["message"].as_str());
        all.filter(|message| message.contains(words)).count()
    };
    for (reason, words, at_least) in [
        ("Pulled", "Successfully pulled image \"127.0.0.1:5000/shop/", 4),
        ("Pulled", "Successfully pulled image \"127.0.0.1:5001/shop/", 3),
        ("Failed", "429 Too Many Requests", 2),
        ("BackOff", "Back-off pulling image \"127.0.0.1:5000/shop/", 2),
    ] {
        let count = said(reason, words);
        assert!(count >= at_least, "{reason} {words}: {count} of {at_least}, in {events:#?}");
    }
}

#[tokio::test]
#[ignore = "needs a cluster: TALES_CLUSTER names its kubeconfig"]
async fn what_the_nodes_cannot_do_ends_undecided_with_the_records_words() {
    let cluster = Cluster::take().await;
    let before = cluster.everything().await;
    // What comes before is not what is tested here: where a node has two cores for everything, the
    // overload takes them from the prober, too.
    let folder = tempfile::tempdir().unwrap();
    testkit::project::copy_stories(folder.path());
    let file = folder.path().join("tales/sre/tale.yaml");
    let tale = fs::read_to_string(&file).unwrap();
    let (calm, rest) = tale.split_once("  - act: somebody else takes").unwrap();
    let (_, blocked) = rest.split_once("  - act: orders hangs up").unwrap();
    fs::write(&file, format!("{calm}  - act: orders hangs up{blocked}")).unwrap();

    let output = cluster.tale_at(folder.path(), &["play", "sre"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    println!("{text}");
    if output.status.code() != Some(0) {
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains("http-blocked was not injected"), "{text}");
        assert!(text.contains("--on local"), "{text}");
    }
    cluster.is_as(&before).await;
}

#[tokio::test]
#[ignore = "needs a cluster: TALES_CLUSTER names its kubeconfig"]
async fn a_release_that_crashes_shows_the_last_lines_of_its_log() {
    let cluster = Cluster::take().await;
    let before = cluster.everything().await;
    let since = Instant::now();
    let text = cluster.expect(&["play", "dns-leak", "--set", "LOOKUPS_PER_SECOND=many"], 2);
    println!("a crash loop was told after {:?}", since.elapsed());
    assert!(text.contains("its log ends with") && text.contains("LOOKUPS_PER_SECOND"), "{text}");
    cluster.is_as(&before).await;
}

#[tokio::test]
#[ignore = "needs a cluster: TALES_CLUSTER names its kubeconfig"]
async fn a_prometheus_that_restarts_leaves_the_story_undecided() {
    let cluster = Cluster::take().await;
    let before = cluster.everything().await;
    let playing = Playing::start(&cluster, "dns-leak");
    playing.says("no alert is pending or firing").await;
    let pod = "/api/v1/namespaces/default/pods/prometheus-tales-0";
    cluster.api.delete(pod).await.unwrap();
    let since = Instant::now();
    let (code, text) = playing.end().await;
    println!("told, and everything taken away, after {:?}\n{text}", since.elapsed());
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("prometheus-tales-0"), "{text}");
    cluster.is_as(&before).await;
}

#[tokio::test]
#[ignore = "needs a cluster: TALES_CLUSTER names its kubeconfig"]
async fn an_evicted_pod_leaves_the_story_undecided() {
    let cluster = Cluster::take().await;
    let before = cluster.everything().await;
    let playing = Playing::start(&cluster, "dns-leak");
    playing.says("no alert is pending or firing").await;
    let pods = "/api/v1/namespaces/default/pods";
    let list = cluster.api.list(pods).await.unwrap();
    let named = list.iter().filter_map(|pod| pod["metadata"]["name"].as_str());
    let name = named.into_iter().find(|name| name.starts_with("dns-leaker-o11y")).unwrap();
    let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction",
        "metadata": {"name": name, "namespace": "default"}});
    cluster.api.create(&format!("{pods}/{name}/eviction"), &eviction).await.unwrap();
    let (code, text) = playing.end().await;
    println!("{text}");
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("was evicted"), "{text}");
    cluster.is_as(&before).await;
}
