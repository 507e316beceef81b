//! What is put on a stage, and how the local stage is started with it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use slo::{Catalogue, Clock};
use stage::local::{Config, LocalStage};
use stage::{NamespacedName, SourceFile, Stage, StageError, StageKind};

use crate::prometheus::Prometheus;
use crate::yaml::listed;

/// The longest that a Deployment may take to be ready.
const READY: Duration = Duration::from_secs(30);
/// The same where nodes may be busy and images large.
const READY_IN_CLUSTER: Duration = Duration::from_secs(180);

/// What is put on a stage.
pub struct Setup {
    /// Kubernetes manifests, already checked, and the rules compiled from the objectives.
    pub manifests: Vec<SourceFile>,
    /// The Deployments in them.
    pub deployments: Vec<NamespacedName>,
    /// Variables of all Deployments.
    pub env: BTreeMap<String, String>,
    /// The objectives, already read.
    pub catalogue: Catalogue,
    /// How fast time passes.
    pub clock: Clock,
    /// Logs, configuration and data.
    pub state_dir: PathBuf,
    /// Seed of random choices.
    pub seed: u64,
    /// Where names beyond the demo zone are asked.
    pub upstream_dns: Option<SocketAddr>,
}

/// Another one each time, also in a container, where processes have the same number each time; not
/// too long to be typed again.
pub fn seed() -> u64 {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    u64::from(since.subsec_micros())
}

/// Starts the local stage, with nothing on it yet.
///
/// # Errors
/// What is missing. Nothing is left running then.
pub async fn start_local(setup: &Setup) -> Result<Arc<dyn Stage>> {
    let mut config = Config::new(setup.state_dir.join("stage"))
        .context("cannot tell where this program lies")?;
    config.clock = setup.clock;
    config.seed = setup.seed;
    config.upstream_dns = setup.upstream_dns;
    Ok(Arc::new(LocalStage::start(config).await?))
}

/// Applies the manifests and waits until every Deployment is ready. Returns what does not apply on
/// this stage, a line each.
///
/// # Errors
/// What the stage refuses, or a Deployment that does not become ready. The stage is taken down
/// then.
pub async fn fill(stage: &dyn Stage, setup: &Setup) -> Result<Vec<String>> {
    let filled = async {
        let not_applied = stage.apply(&setup.manifests, &setup.env).await?;
        let within = match stage.place().kind {
            StageKind::Local => READY,
            StageKind::Cluster => READY_IN_CLUSTER,
        };
        for deployment in &setup.deployments {
            stage.wait_ready(deployment, within).await?;
        }
        stage.settle(within).await?;
        Ok::<_, StageError>(not_applied)
    };
    match filled.await {
        Ok(not_applied) => Ok(not_applied),
        Err(why) => {
            let _ = stage.down().await;
            Err(why.into())
        }
    }
}

/// What had to be changed in the documents so far, counted by reason, a line each. Every field of
/// it is in the report.
pub fn adapted(stage: &dyn Stage) -> Vec<String> {
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for change in stage.adapted() {
        *reasons.entry(change.why).or_default() += 1;
    }
    let fields = |count| if count == 1 { "1 field".to_owned() } else { format!("{count} fields") };
    reasons.into_iter().map(|(why, count)| format!("adapted: {} ({why})", fields(count))).collect()
}

/// The Prometheus of a stage.
pub fn prometheus(stage: &dyn Stage) -> Prometheus {
    Prometheus::new(stage.place().prometheus.as_deref().unwrap_or_default())
}

/// How Prometheus or Alertmanager died, if one did: then nothing can be judged any more.
///
/// # Errors
/// The stage does not answer.
pub async fn died(stage: &dyn Stage) -> Result<Option<String>, StageError> {
    let status = stage.status().await?;
    let mut died = status
        .backends
        .iter()
        .filter_map(|backend| Some(format!("{} died: {}", backend.name, backend.died.as_ref()?)));
    Ok(died.next())
}

/// The objectives' rules as a manifest. They are printed as YAML and read again on purpose: the
/// stage takes what the cluster takes, a PrometheusRule.
///
/// # Errors
/// All problems, one per line, each with file, field and remedy.
pub fn rules(catalogue: &Catalogue, clock: Clock) -> Result<Option<SourceFile>> {
    let compiled = slo::compile(catalogue, clock).map_err(listed)?;
    let rules = (!compiled.groups.is_empty()).then(|| SourceFile {
        name: "the rules compiled from the SLOs".to_owned(),
        text: compiled.to_prometheus_rule("slos", "default", &BTreeMap::new()),
    });
    Ok(rules)
}
