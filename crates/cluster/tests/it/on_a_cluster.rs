//! The stories on a real cluster: the one of the kubeconfig that `TALES_CLUSTER` names, on whose
//! nodes the image lies already. The programs are those of the folder `TALES_PROGRAMS`, or those
//! that `./tale` has built.
//!
//! One after the other: they share the namespace `default`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use cluster::api::Api;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};

/// There is one cluster.
static TURN: Mutex<()> = Mutex::const_new(());

/// What comes and goes by itself.
const RESTLESS: [&str; 5] = ["events", "leases", "componentstatuses", "bindings", "tokenreviews"];

pub(crate) struct Cluster {
    kubeconfig: String,
    pub(crate) api: Api,
    _turn: MutexGuard<'static, ()>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

impl Cluster {
    pub(crate) async fn take() -> Self {
        let turn = TURN.lock().await;
        let kubeconfig = std::env::var("TALES_CLUSTER").expect("TALES_CLUSTER names a kubeconfig");
        let api = api_of(&kubeconfig).await;
        let cluster = Self { kubeconfig, api, _turn: turn };
        cluster.tale(&["down"]); // what an earlier run left
        cluster
    }

    /// A command of `tale`, on the cluster.
    fn command(&self, args: &[&str]) -> Command {
        let programs = std::env::var("TALES_PROGRAMS");
        let programs = root().join(programs.as_deref().unwrap_or("target/play"));
        let mut command = Command::new(programs.join("tale"));
        command
            .args(args)
            .env("KUBECONFIG", &self.kubeconfig)
            .env("TALES_ON", "cluster")
            .env("TALES_HOME", root())
            .stdin(Stdio::null());
        command
    }

    /// A play that the machine had no time for has told nothing, and is played again.
    fn tale(&self, args: &[&str]) -> Output {
        let play = || self.command(args).output().expect("run `./tale images build` first");
        let starved = |output: &Output| {
            let said = String::from_utf8_lossy(&output.stderr);
            output.status.code() == Some(2) && said.contains("the machine has no time for this")
        };
        let mut output = play();
        for _ in 0..2 {
            if starved(&output) {
                output = play();
            }
        }
        output
    }

    /// Runs it and demands this exit code.
    pub(crate) fn expect(&self, args: &[&str], code: i32) -> String {
        let output = self.tale(args);
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stderr),
            String::from_utf8_lossy(&output.stdout)
        );
        assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
        text
    }

    /// Every object of every kind, by its path and identity.
    pub(crate) async fn everything(&self) -> BTreeSet<String> {
        let mut lists = Vec::new();
        let core = self.api.get("/api/v1").await.unwrap();
        lists.extend(listable(&core, "/api/v1"));
        let groups = self.api.get("/apis").await.unwrap();
        for group in groups["groups"].as_array().unwrap() {
            let version = group["preferredVersion"]["groupVersion"].as_str().unwrap();
            let root = format!("/apis/{version}");
            if let Ok(kinds) = self.api.get(&root).await {
                lists.extend(listable(&kinds, &root));
            }
        }
        let mut found = BTreeSet::new();
        for list in lists {
            for object in self.api.list(&list).await.unwrap_or_default() {
                let meta =
                    |field: &str| object["metadata"][field].as_str().unwrap_or("-").to_owned();
                found.insert(format!(
                    "{list} {}/{} {}",
                    meta("namespace"),
                    meta("name"),
                    meta("uid")
                ));
            }
        }
        found
    }

    /// Waits until everything is as before: what is garbage is collected within seconds.
    pub(crate) async fn is_as(&self, before: &BTreeSet<String>) {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            let now = self.everything().await;
            let changed: Vec<&String> = now.symmetric_difference(before).collect();
            if changed.is_empty() {
                return;
            }
            assert!(Instant::now() < end, "{changed:#?}");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// The same for what is in a namespace.
    async fn is_as_before_in(&self, namespace: &str, before: &BTreeSet<String>) {
        let inside = |one: &&String| one.contains(&format!(" {namespace}/"));
        let before: BTreeSet<String> = before.iter().filter(inside).cloned().collect();
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            let now = self.everything().await;
            let now: BTreeSet<String> = now.iter().filter(inside).cloned().collect();
            if now == before {
                return;
            }
            assert!(Instant::now() < end, "{:#?}", now.symmetric_difference(&before));
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Waits until an experiment says that it cannot be injected.
    async fn fails_to_apply(&self, name: &str) {
        let end = Instant::now() + Duration::from_secs(20);
        while !self.expect(&["chaos", "describe", name], 0).contains("ailed to apply") {
            assert!(Instant::now() < end, "{name} neither is injected nor says why");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    pub(crate) async fn put(&self, path: &str, object: Value) {
        self.api.create(path, &object).await.unwrap();
    }
}

async fn api_of(kubeconfig: &str) -> Api {
    let file = Kubeconfig::read_from(kubeconfig).unwrap();
    let options = KubeConfigOptions::default();
    let config = kube::Config::from_custom_kubeconfig(file, &options).await.unwrap();
    Api::new(kube::Client::try_from(config).unwrap(), "the test's cluster")
}

fn listable(kinds: &Value, root: &str) -> Vec<String> {
    let all = kinds["resources"].as_array().into_iter().flatten();
    all.filter(|kind| kind["verbs"].as_array().is_some_and(|verbs| verbs.contains(&json!("list"))))
        .filter_map(|kind| kind["name"].as_str())
        .filter(|name| !RESTLESS.contains(name))
        .map(|name| format!("{root}/{name}"))
        .collect()
}

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
    let report = std::fs::read_to_string(out.path().join("report.json")).unwrap();
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
async fn what_the_nodes_cannot_do_ends_undecided_with_the_records_words() {
    let cluster = Cluster::take().await;
    let before = cluster.everything().await;
    let output = cluster.tale(&["play", "sre"]);
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
    let rules = json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]);
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

/// A play under way: its lines as far as they are written, and its end.
struct Playing {
    child: std::process::Child,
    lines: tempfile::NamedTempFile,
}

impl Playing {
    fn start(cluster: &Cluster, tale: &str) -> Self {
        let lines = tempfile::NamedTempFile::new().unwrap();
        let out = lines.reopen().unwrap();
        let child = cluster.command(&["play", tale]).stderr(out).spawn().unwrap();
        Self { child, lines }
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.lines.path()).unwrap()
    }

    async fn says(&self, words: &str) {
        let end = Instant::now() + Duration::from_secs(120);
        while !self.text().contains(words) {
            assert!(Instant::now() < end, "{words}: {}", self.text());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn end(mut self) -> (Option<i32>, String) {
        let end = Instant::now() + Duration::from_secs(180);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status.code(), self.text());
            }
            assert!(Instant::now() < end, "{}", self.text());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
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
