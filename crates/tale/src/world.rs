//! Everything a play needs at once: the stage, the chaos engine, Prometheus, and the objectives
//! compiled into rules.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use chaos::engine::{Engine, Options};
use slo::Catalogue;
use stage::NamespacedName;
use stage::local::{Clock, Config, LocalStage};
use stage::manifest::Manifests;

use crate::injector::StageInjector;
use crate::prometheus::Prometheus;

/// What to set up.
pub struct Setup {
    /// Kubernetes manifests, already read.
    pub manifests: Manifests,
    /// The objectives, already read.
    pub catalogue: Catalogue,
    /// How fast time passes.
    pub clock: Clock,
    /// Logs, configuration and data.
    pub state_dir: PathBuf,
    /// Seed of random choices.
    pub seed: u64,
    /// Where names beyond the demo zone are asked.
    pub upstream_dns: Option<std::net::SocketAddr>,
}

/// A stage with everything on it.
pub struct World {
    /// The stage.
    pub stage: Arc<LocalStage>,
    /// The chaos engine.
    pub chaos: Engine,
    /// The objectives.
    pub catalogue: Catalogue,
    /// How fast time passes.
    pub clock: Clock,
    /// What the manifests hold that does not apply here.
    pub not_applied: Vec<String>,
}

impl World {
    /// Starts the stage and waits until every Deployment is ready.
    ///
    /// # Errors
    /// What is missing or refused. Nothing is left running then.
    pub async fn start(setup: Setup) -> Result<Self> {
        let mut config = Config::new(setup.state_dir.join("stage"))
            .context("cannot tell where this program lies")?;
        config.clock = setup.clock;
        config.upstream_dns = setup.upstream_dns;
        let stage = Arc::new(LocalStage::start(config).await?);
        match Self::fill(stage.clone(), setup).await {
            Ok(world) => Ok(world),
            Err(why) => {
                let _ = stage.down().await;
                Err(why)
            }
        }
    }

    async fn fill(stage: Arc<LocalStage>, setup: Setup) -> Result<Self> {
        let mut manifests = setup.manifests;
        let rules = rules(&setup.catalogue, setup.clock)?;
        manifests.prometheus_rules.extend(rules.prometheus_rules);
        let deployments: Vec<NamespacedName> = manifests
            .deployments
            .iter()
            .map(|deployment| deployment.object.metadata.namespaced_name())
            .collect();
        let not_applied = stage.apply(manifests).await?;
        for deployment in deployments {
            stage.wait_ready(&deployment, Duration::from_secs(30)).await?;
        }
        let options = Options { seed: setup.seed, ..Options::default() };
        let injector = Arc::new(StageInjector(stage.clone()));
        let chaos =
            Engine::start(injector, &setup.state_dir.join("chaos.journal"), options).await?;
        Ok(Self { stage, chaos, catalogue: setup.catalogue, clock: setup.clock, not_applied })
    }

    /// The stage's Prometheus.
    pub fn prometheus(&self) -> Prometheus {
        Prometheus::new(self.stage.prometheus_url().unwrap_or_default())
    }

    /// How a backend died, if one did: then nothing can be judged any more.
    pub fn died(&self) -> Option<String> {
        let status = self.stage.snapshot();
        status
            .backends
            .iter()
            .find_map(|backend| Some(format!("{} died: {}", backend.name, backend.died.as_ref()?)))
    }

    /// Ends all faults, then everything else. Bounded in time.
    pub async fn down(&self) {
        let _ = self.chaos.shutdown(Duration::from_secs(3)).await;
        let _ = self.stage.down().await;
    }
}

/// Reads OpenSLO files. `paths` are relative to `root` and may be folders.
///
/// # Errors
/// All problems, one per line, each with file, field and remedy.
pub fn load_slos(root: &Path, paths: &[PathBuf]) -> Result<Catalogue> {
    let files = read_yaml(root, paths)?;
    Catalogue::load(&files).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow!("{}", lines.join("\n"))
    })
}

/// The names, as seen from `root`, and texts of files and of the YAML files of folders.
///
/// # Errors
/// A file that cannot be read.
pub fn read_yaml(root: &Path, paths: &[PathBuf]) -> Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for path in paths {
        for file in yaml_files(&root.join(path)) {
            let text = std::fs::read_to_string(&file)
                .with_context(|| format!("cannot read {}", file.display()))?;
            let shown = file.strip_prefix(root).unwrap_or(&file).display().to_string();
            files.push((shown, text));
        }
    }
    Ok(files)
}

fn yaml_files(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(path) else {
        return vec![path.to_owned()];
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    files
}

/// The objectives' rules as manifests. The stage takes what the cluster takes: a PrometheusRule.
fn rules(catalogue: &Catalogue, clock: Clock) -> Result<Manifests> {
    let compiled = slo::compile(catalogue, slo_clock(clock)).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow!("{}", lines.join("\n"))
    })?;
    if compiled.groups.is_empty() {
        return Ok(Manifests::default());
    }
    let text = compiled.to_prometheus_rule("slos", "default", &BTreeMap::new());
    Ok(Manifests::parse("the rules compiled from the SLOs", &text)?)
}

/// The same clock, as the compiler calls it.
pub fn slo_clock(clock: Clock) -> slo::Clock {
    match clock {
        Clock::Stage => slo::Clock::Stage,
        Clock::Real => slo::Clock::Real,
    }
}
