//! Whether what looks at the pods has taken in what was applied. New rules and targets take seconds
//! to minutes to arrive: object, operator, mounted file, reload. No promise may wait for that.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::api::Api;
use crate::error::ClusterError;
use crate::monitoring::Monitoring;
use crate::object::{items, name, text};
use crate::pod::PodPort;
use crate::watch;

/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_millis(400);
/// How often the kubelet is asked to look at its mounted files, which it else does once a minute.
const NUDGE_EVERY: Duration = Duration::from_secs(5);

/// Waits until Prometheus has every rule and a target of every monitor that answers, and
/// Alertmanager every receiver.
///
/// # Errors
/// What is missing when time is up.
pub(crate) async fn settle(
    api: &Api,
    monitoring: &Monitoring,
    applied: &[Value],
    within: Duration,
) -> Result<(), ClusterError> {
    let end = Instant::now() + within;
    let mut nudged = Instant::now();
    loop {
        let Some(missing) = missing(api, monitoring, applied).await else {
            return Ok(());
        };
        if Instant::now() >= end {
            let what = "Prometheus and Alertmanager have taken everything in".to_owned();
            return Err(ClusterError::Late { what, seconds: within.as_secs(), seen: missing });
        }
        if monitoring.own && nudged.elapsed() >= NUDGE_EVERY {
            nudged = Instant::now();
            for server in [&monitoring.prometheus, &monitoring.alertmanager] {
                if let Some(why) = watch::in_trouble(api, &server.path()).await {
                    return Err(why);
                }
            }
            nudge(api, &monitoring.prometheus).await;
            nudge(api, &monitoring.alertmanager).await;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// A changed annotation makes the kubelet look at a pod, and at its mounted files, at once.
async fn nudge(api: &Api, server: &PodPort) {
    let now = jiff::Timestamp::now().to_string();
    let change = json!({"metadata": {"annotations": {"tales.dev/nudged": now}}});
    // It saves time, no more: who may not do it waits.
    let _ = api.merge(&server.path(), &change).await;
}

/// The first thing that is missing.
async fn missing(api: &Api, monitoring: &Monitoring, applied: &[Value]) -> Option<String> {
    let of = |kind: &str| {
        let kind = kind.to_owned();
        applied.iter().filter(move |object| text(object, "/kind") == kind)
    };
    let ask = |server: &PodPort, path: &str| {
        let (server, path) = (server.clone(), path.to_owned());
        async move { server.look(api, &path).await.map_err(|why| why.to_string()) }
    };
    let prometheus = &monitoring.prometheus;
    let rules = match ask(prometheus, "/api/v1/rules").await {
        Ok(rules) => rules,
        Err(why) => return Some(format!("Prometheus does not answer: {why}")),
    };
    let loaded = items(&rules, "/data/groups");
    for group in of("PrometheusRule").flat_map(|rule| items(rule, "/spec/groups")) {
        if !loaded.iter().any(|one| one["name"] == group["name"]) {
            return Some(format!("the rules {} are not loaded", group["name"]));
        }
    }
    let targets = match ask(prometheus, "/api/v1/targets?state=active").await {
        Ok(targets) => targets,
        Err(why) => return Some(format!("Prometheus does not answer: {why}")),
    };
    let targets = items(&targets, "/data/activeTargets");
    for (kind, prefix) in [("ServiceMonitor", "serviceMonitor"), ("Probe", "probe")] {
        for object in of(kind) {
            let pool = format!("{prefix}/{}/{}", text(object, "/metadata/namespace"), name(object));
            let here = |one: &&Value| {
                let rest = text(one, "/scrapePool").strip_prefix(&pool);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            let mut found = targets.iter().filter(here).peekable();
            if found.peek().is_none() {
                return Some(format!("{kind} {} has no target", name(object)));
            }
            if !found.any(|one| text(one, "/health") == "up") {
                return Some(format!("no target of {kind} {} answers", name(object)));
            }
        }
    }
    if let Ok(known) = ask(prometheus, "/api/v1/alertmanagers").await
        && items(&known, "/data/activeAlertmanagers").is_empty()
    {
        return Some("Prometheus finds no Alertmanager, so nobody would be told".to_owned());
    }
    let status = match ask(&monitoring.alertmanager, "/api/v2/status").await {
        Ok(status) => status,
        Err(why) => return Some(format!("Alertmanager does not answer: {why}")),
    };
    let config = text(&status, "/config/original");
    for object in of("AlertmanagerConfig") {
        for receiver in items(object, "/spec/receivers") {
            let namespace = text(object, "/metadata/namespace");
            let full = format!("{namespace}/{}/{}", name(object), text(receiver, "/name"));
            if !config.contains(&full) {
                return Some(format!("Alertmanager does not know the receiver {full}"));
            }
        }
    }
    None
}
