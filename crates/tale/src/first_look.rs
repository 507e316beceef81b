//! The first look at a stage that came up: whether Prometheus sees its pods, and what to try on it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::control::{Request, Running};
use crate::prometheus::Prometheus;

/// What this needs of `tale status --json`.
#[derive(Deserialize)]
pub struct Seen {
    urls: Urls,
    /// Every pod.
    pub pods: Vec<Pod>,
    services: Vec<Service>,
}

#[derive(Deserialize)]
struct Urls {
    prometheus: Option<String>,
}

/// A pod, as far as it matters here.
#[derive(Deserialize)]
pub struct Pod {
    namespace: String,
    name: String,
    owner: String,
    terminating: bool,
}

#[derive(Deserialize)]
struct Service {
    name: String,
    ip: Option<Ipv4Addr>,
}

impl Seen {
    /// Asks the stage.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn read(stage: &Running) -> Result<Self> {
        let text = ask(stage, true).await?;
        serde_json::from_str(&text).context("the stage's status cannot be read")
    }

    /// The pods of Deployments that Prometheus has not scraped successfully yet.
    pub async fn without_sample(&self) -> BTreeSet<String> {
        let prometheus = Prometheus::new(self.urls.prometheus.as_deref().unwrap_or_default());
        let up = prometheus.query("up == 1", None).await.unwrap_or_default();
        let seen: BTreeSet<String> = up
            .iter()
            .filter_map(|one| {
                let labels = &one.metric;
                Some(format!("{}/{}", labels.get("namespace")?, labels.get("pod")?))
            })
            .collect();
        let wanted = self
            .pods
            .iter()
            .filter(|pod| pod.owner.starts_with("Deployment/") && !pod.terminating)
            .map(|pod| format!("{}/{}", pod.namespace, pod.name));
        wanted.filter(|pod| !seen.contains(pod)).collect()
    }
}

/// The stage's status, as JSON or as a table.
///
/// # Errors
/// It does not answer.
pub async fn ask(stage: &Running, json: bool) -> Result<String> {
    let text = RefCell::new(String::new());
    let print = |more: &str| text.borrow_mut().push_str(more);
    stage.ask(&Request::Status { json }, print).await?;
    Ok(text.into_inner())
}

/// What to ask an app, and how to break it: the app, a path of its Service, an experiment.
const FIRST_STEPS: [(&str, &str, &str); 2] = [
    ("dns-leaker", "/resolve/o11y.love", "chaos-experiments/dns-leak/dns-error.yaml"),
    ("shop", "/price/tea", "chaos-experiments/sre/cpu-overload.yaml"),
];

/// The commands to try next.
pub fn next(root: &Path, seen: &Seen) -> String {
    let mut lines = vec!["next:".to_owned()];
    for (app, path, experiment) in FIRST_STEPS {
        let service = seen.services.iter().find(|one| one.name == app);
        let Some(ip) = service.and_then(|one| one.ip) else {
            continue;
        };
        lines.push(format!("  curl http://{ip}:8000{path}"));
        lines.push(format!("  curl http://{ip}:9000/metrics"));
        if root.join(experiment).exists() {
            lines.push(format!("  ./tale chaos apply {experiment}"));
        }
    }
    lines.extend(["status", "chaos get", "down"].map(|verb| format!("  ./tale {verb}")));
    lines.join("\n")
}
