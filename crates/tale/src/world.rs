//! Everything a play needs at once: the stage with chaos and Prometheus, and the objectives
//! compiled into rules.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use slo::{Catalogue, Clock};
use stage::local::{Config, LocalStage};
use stage::{NamespacedName, SourceFile, Stage, StageError};

use crate::prometheus::Prometheus;

/// What to set up.
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
    pub upstream_dns: Option<std::net::SocketAddr>,
}

/// A stage with everything on it.
pub struct World {
    /// The stage.
    pub stage: Arc<dyn Stage>,
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
        config.seed = setup.seed;
        config.upstream_dns = setup.upstream_dns;
        let stage: Arc<dyn Stage> = Arc::new(LocalStage::start(config).await?);
        match Self::fill(stage.clone(), setup).await {
            Ok(world) => Ok(world),
            Err(why) => {
                let _ = stage.down().await;
                Err(why)
            }
        }
    }

    async fn fill(stage: Arc<dyn Stage>, setup: Setup) -> Result<Self> {
        let not_applied = stage.apply(&setup.manifests, &setup.env).await?;
        for deployment in &setup.deployments {
            stage.wait_ready(deployment, Duration::from_secs(30)).await?;
        }
        Ok(Self { stage, catalogue: setup.catalogue, clock: setup.clock, not_applied })
    }

    /// The stage's Prometheus.
    pub fn prometheus(&self) -> Prometheus {
        Prometheus::new(self.stage.place().prometheus.as_deref().unwrap_or_default())
    }

    /// How a backend died, if one did: then nothing can be judged any more.
    ///
    /// # Errors
    /// The stage does not answer.
    pub async fn died(&self) -> Result<Option<String>, StageError> {
        let status = self.stage.status().await?;
        let mut died = status.backends.iter().filter_map(|backend| {
            Some(format!("{} died: {}", backend.name, backend.died.as_ref()?))
        });
        Ok(died.next())
    }

    /// Ends all faults, then everything else. Bounded in time.
    pub async fn down(&self) {
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

/// The objectives' rules as a manifest. They are printed as YAML and read again on purpose: the
/// stage takes what the cluster takes, a PrometheusRule.
///
/// # Errors
/// All problems, one per line, each with file, field and remedy.
pub fn rules(catalogue: &Catalogue, clock: Clock) -> Result<Option<SourceFile>> {
    let compiled = slo::compile(catalogue, clock).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow!("{}", lines.join("\n"))
    })?;
    let rules = (!compiled.groups.is_empty()).then(|| SourceFile {
        name: "the rules compiled from the SLOs".to_owned(),
        text: compiled.to_prometheus_rule("slos", "default", &BTreeMap::new()),
    });
    Ok(rules)
}
