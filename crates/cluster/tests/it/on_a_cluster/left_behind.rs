//! What is left in a cluster, and what is not touched: whenever a play ends, and however.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use super::harness::{Cluster, Playing, root};

#[tokio::test]
#[ignore = "needs a cluster: TALES_CLUSTER names its kubeconfig"]
async fn a_stuck_experiment_does_not_hold_down_up() {
    let cluster = Cluster::take().await;
    let before = cluster.everything().await;
    cluster.expect(&["up", "shop", "shoppers"], 0);
    let file = root().join("chaos-experiments/sre/network-delay.yaml").display().to_string();
    // Where the nodes can, it is injected; where they cannot, that is said, and can be put right.
    let injected = cluster.tale(&["chaos", "apply", &file]).status.success();
    if !injected {
        cluster.fails_to_apply("network-delay").await;
        let doctor = cluster.expect(&["doctor"], 2);
        assert!(doctor.contains("C11") && doctor.contains("on the node"), "{doctor}");
        let fixed = cluster.expect(&["doctor", "--fix"], 0);
        assert!(fixed.contains("NetworkChaos/network-delay"), "{fixed}");
        let _ = cluster.tale(&["chaos", "apply", &file]);
        cluster.fails_to_apply("network-delay").await;
    }
    let since = Instant::now();
    let text = cluster.expect(&["down"], 0);
    assert!(since.elapsed() < Duration::from_secs(60), "{:?}", since.elapsed());
    println!("down with a stuck experiment took {:?}", since.elapsed());
    if !injected {
        assert!(text.contains("NetworkChaos/network-delay was stuck"), "{text}");
        assert!(text.contains("its finalizer was taken off"), "{text}");
    }
    cluster.is_as(&before).await;
    assert!(cluster.expect(&["down"], 0).contains("there is no stage"));
}

#[tokio::test]
#[ignore = "needs a cluster: TALES_CLUSTER names its kubeconfig"]
async fn whenever_it_is_killed_down_takes_everything_away() {
    let cluster = Cluster::take().await;
    let before = cluster.everything().await;
    let seed = std::env::var("TALES_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7_u64);
    let times = std::env::var("TALES_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(10_u64);
    // Side by side in two namespaces, where what one leaves cannot be what the other takes away.
    let killed = async |namespace: &str, first: u64| {
        for nth in (first..times).step_by(2) {
            // Spread over the first forty seconds of a play, in an order that the seed decides.
            let after = Duration::from_millis((seed * 7919 + nth * 3_571) % 40_000);
            let play = cluster
                .command(&["play", "dns-leak", "--namespace", namespace])
                .stderr(Stdio::null())
                .stdout(Stdio::null())
                .spawn();
            let mut play = play.unwrap();
            tokio::time::sleep(after).await;
            play.kill().unwrap();
            play.wait().unwrap();
            let since = Instant::now();
            let mut down = cluster.command(&["down", "--namespace", namespace]).spawn().unwrap();
            while down.try_wait().unwrap().is_none() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            println!("seed {seed}, killed after {after:?}, down after {:?}", since.elapsed());
            cluster.is_as_before_in(namespace, &before).await;
        }
    };
    tokio::join!(killed("default", 0), killed("tales-killed", 1));
    cluster.is_as(&before).await;
}

#[tokio::test]
#[ignore = "needs a cluster: TALES_CLUSTER names its kubeconfig"]
async fn ctrl_c_takes_everything_away_whenever_it_comes() {
    let cluster = Cluster::take().await;
    let before = cluster.everything().await;
    for words in ["connected to", "no alert is pending or firing"] {
        let playing = Playing::start(&cluster, "dns-leak");
        playing.says(words).await;
        let pid = playing.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        let (code, text) = playing.end().await;
        assert_eq!(code, Some(130), "{text}");
        cluster.is_as(&before).await;
    }
}

#[tokio::test]
#[ignore = "needs a cluster: TALES_CLUSTER names its kubeconfig"]
async fn an_object_without_the_labels_is_neither_changed_nor_removed() {
    let cluster = Cluster::take().await;
    let path = "/api/v1/namespaces/default/services";
    let theirs = json!({"metadata": {"name": "dns-leaker"}, "spec": {"ports": [{"port": 1}]}});
    cluster.put(path, theirs).await;
    let before = cluster.everything().await;
    let there = cluster.api.get(&format!("{path}/dns-leaker")).await.unwrap();
    let text = cluster.expect(&["up", "dns-leaker"], 2);
    assert!(text.contains("Service/dns-leaker is there already"), "{text}");
    cluster.expect(&["down"], 0);
    let still = cluster.api.get(&format!("{path}/dns-leaker")).await.unwrap();
    assert_eq!(there, still);
    cluster.is_as(&before).await;
    cluster.api.delete(&format!("{path}/dns-leaker")).await.unwrap();
}

#[tokio::test]
#[ignore = "needs a cluster: TALES_CLUSTER names its kubeconfig"]
async fn setting_a_variable_drops_no_field_of_anybody() {
    let cluster = Cluster::take().await;
    let path = "/apis/apps/v1/namespaces/default/deployments/app";
    let mut ours = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "app"},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "app"}},
            "template": {"metadata": {"labels": {"app": "app"}}, "spec": {"containers": [
                {"name": "app", "image": "nothing:1", "env": [{"name": "A", "value": "b"}]}]}}}});
    cluster::object::mark(&mut ours, "default");
    cluster.api.apply(path, &ours, cluster::api::Apply::Gently).await.unwrap();
    // Another manager adds fields of its own.
    let theirs = json!({"metadata": {"annotations": {"theirs": "kept"}},
        "spec": {"template": {"metadata": {"annotations": {"theirs": "kept"}}}}});
    cluster.api.merge(path, &theirs).await.unwrap();
    let env = BTreeMap::from([("A".to_owned(), "c".to_owned())]);
    cluster::adapt::set_env(&mut ours, &env);
    let after = cluster.api.apply(path, &ours, cluster::api::Apply::Ours).await.unwrap();
    assert_eq!(after["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"], "c");
    for place in ["/metadata/annotations/theirs", "/spec/template/metadata/annotations/theirs"] {
        assert_eq!(after.pointer(place), Some(&json!("kept")), "{after}");
    }
    cluster.expect(&["down"], 0);
}

#[tokio::test]
#[ignore = "needs a cluster: TALES_CLUSTER names its kubeconfig"]
async fn up_reset_and_down_are_quick() {
    let cluster = Cluster::take().await;
    let before = cluster.everything().await;
    for args in [&["up", "dns-leaker"][..], &["doctor"], &["status"], &["reset"], &["down"]] {
        let since = Instant::now();
        cluster.expect(args, 0);
        println!("{args:?} took {:.1} s", since.elapsed().as_secs_f64());
    }
    cluster.is_as(&before).await;
}
