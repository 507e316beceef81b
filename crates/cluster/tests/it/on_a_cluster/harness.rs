//! The cluster of the tests, and a play under way on it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use cluster::api::Api;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
use testkit::program::was_starved;
use tokio::sync::{Mutex, MutexGuard};

/// There is one cluster.
static TURN: Mutex<()> = Mutex::const_new(());

/// What comes and goes by itself.
const RESTLESS: [&str; 5] = ["events", "leases", "componentstatuses", "bindings", "tokenreviews"];

pub(super) struct Cluster {
    pub(super) kubeconfig: String,
    pub(super) api: Api,
    _turn: MutexGuard<'static, ()>,
}

pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

impl Cluster {
    pub(super) async fn take() -> Self {
        let turn = TURN.lock().await;
        let kubeconfig = std::env::var("TALES_CLUSTER").expect("TALES_CLUSTER names a kubeconfig");
        let api = api_of(&kubeconfig).await;
        let cluster = Self { kubeconfig, api, _turn: turn };
        cluster.tale(&["down"]); // what an earlier run left
        cluster
    }

    /// A command of `tale`, on the cluster.
    pub(super) fn command(&self, args: &[&str]) -> Command {
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
    pub(super) fn tale(&self, args: &[&str]) -> Output {
        self.tale_at(&root(), args)
    }

    /// The same with the stories of another folder.
    pub(super) fn tale_at(&self, home: &Path, args: &[&str]) -> Output {
        let play = || {
            let mut command = self.command(args);
            command.env("TALES_HOME", home);
            command.output().expect("run `./tale images build` first")
        };
        let mut output = play();
        for _ in 0..2 {
            if was_starved(output.status.code(), &String::from_utf8_lossy(&output.stderr)) {
                output = play();
            }
        }
        output
    }

    /// Runs it and demands this exit code.
    pub(super) fn expect(&self, args: &[&str], code: i32) -> String {
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
    pub(super) async fn everything(&self) -> BTreeSet<String> {
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

    /// Every kind and every part of one that the server knows: group, resource, and its verbs.
    pub(super) async fn resources(&self) -> Vec<(String, String, Vec<String>)> {
        let groups = self.api.get("/apis").await.unwrap();
        let groups = groups["groups"].as_array().unwrap().iter();
        let versions = groups.map(|group| {
            let name = group["name"].as_str().unwrap().to_owned();
            (name, format!("/apis/{}", group["preferredVersion"]["groupVersion"].as_str().unwrap()))
        });
        let mut found = Vec::new();
        for (group, root) in [(String::new(), "/api/v1".to_owned())].into_iter().chain(versions) {
            let kinds = self.api.get(&root).await.unwrap_or_default();
            for kind in kinds["resources"].as_array().into_iter().flatten() {
                let verbs = kind["verbs"].as_array().into_iter().flatten();
                let verbs = verbs.filter_map(Value::as_str).map(str::to_owned).collect();
                found.push((group.clone(), kind["name"].as_str().unwrap().to_owned(), verbs));
            }
        }
        found
    }

    /// Waits until everything is as before: what is garbage is collected within seconds.
    pub(super) async fn is_as(&self, before: &BTreeSet<String>) {
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
    pub(super) async fn is_as_before_in(&self, namespace: &str, before: &BTreeSet<String>) {
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
    pub(super) async fn fails_to_apply(&self, name: &str) {
        let end = Instant::now() + Duration::from_secs(20);
        while !self.expect(&["chaos", "describe", name], 0).contains("ailed to apply") {
            assert!(Instant::now() < end, "{name} neither is injected nor says why");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Waits until an object, and all that is in it, is gone.
    pub(super) async fn delete_and_wait(&self, path: &str) {
        let end = Instant::now() + Duration::from_secs(60);
        while self.api.delete(path).await.unwrap_or(true) {
            assert!(Instant::now() < end, "{path} does not go");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    pub(super) async fn put(&self, path: &str, object: Value) {
        self.api.create(path, &object).await.unwrap();
    }
}

pub(super) async fn api_of(kubeconfig: &str) -> Api {
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

pub(super) struct Playing {
    pub(super) child: std::process::Child,
    lines: tempfile::NamedTempFile,
}

impl Playing {
    pub(super) fn start(cluster: &Cluster, tale: &str) -> Self {
        let lines = tempfile::NamedTempFile::new().unwrap();
        let out = lines.reopen().unwrap();
        let child = cluster.command(&["play", tale]).stderr(out).spawn().unwrap();
        Self { child, lines }
    }

    pub(super) fn text(&self) -> String {
        std::fs::read_to_string(self.lines.path()).unwrap()
    }

    pub(super) async fn says(&self, words: &str) {
        let end = Instant::now() + Duration::from_secs(120);
        while !self.text().contains(words) {
            assert!(Instant::now() < end, "{words}: {}", self.text());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub(super) async fn end(mut self) -> (Option<i32>, String) {
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
