//! Whether Prometheus sees the pods of a stage that came up.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::control::{Running, Status};
use crate::prometheus::Prometheus;

/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Waits for a sample of every pod; returns what was seen last, and the pods without one when time
/// is up.
///
/// # Errors
/// The stage does not answer.
pub(super) async fn wait(
    stage: &Running,
    within: Duration,
    watch: impl Fn(&str),
) -> Result<(Status, String)> {
    let end = Instant::now() + within;
    loop {
        let status = stage.status().await?;
        let missing: Vec<String> = without_sample(&status).await.into_iter().collect();
        let missing = missing.join(", ");
        if missing.is_empty() || Instant::now() > end {
            return Ok((status, missing));
        }
        watch(&missing);
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The pods of Deployments that Prometheus has not scraped successfully yet.
async fn without_sample(status: &Status) -> BTreeSet<String> {
    let prometheus = Prometheus::new(status.urls.prometheus.as_deref().unwrap_or_default());
    let up = prometheus.query("up == 1", None).await.unwrap_or_default();
    let seen: BTreeSet<String> = up
        .iter()
        .filter_map(|series| {
            let labels = &series.metric;
            Some(format!("{}/{}", labels.get("namespace")?, labels.get("pod")?))
        })
        .collect();
    let pods = status.stage.pods.iter();
    let wanted = pods.filter(|pod| pod.owner.starts_with("Deployment/") && !pod.terminating);
    let names = wanted.map(|pod| format!("{}/{}", pod.namespace, pod.name));
    names.filter(|name| !seen.contains(name)).collect()
}
