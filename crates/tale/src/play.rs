//! Plays a tale: sets the stage, acts, checks every promise, takes everything down, writes the report.

use crate::acting::Acting;
use crate::evidence::{self, Evidence};
use crate::record::Record;
use crate::report::{self, Report};
use crate::stage_dirs;
use crate::story::Tale;
use crate::ui::Ui;
use crate::world::{self, Setup, World};
use anyhow::{Context, Result, ensure};
use chaos::document::{self, Document};
use stage::local::Clock;
use stage::manifest::{EnvVar, Manifests};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How a tale is to be played.
pub struct Options {
    /// Which one.
    pub tale: String,
    /// How fast time passes.
    pub clock: Clock,
    /// Where the report goes.
    pub out: PathBuf,
    /// Seed of random choices.
    pub seed: u64,
    /// Variables of all Deployments, from the start.
    pub set: BTreeMap<String, String>,
    /// Leave the chaos out: the tale has to fail then.
    pub without_chaos: bool,
    /// Keep logs and data.
    pub keep: bool,
}

/// A finished play.
pub struct Played {
    /// What happened.
    pub report: Report,
    /// Where it was written to.
    pub page: PathBuf,
}

/// Plays a tale to its end, or until `stop` resolves.
///
/// # Errors
/// What kept the tale from being played at all. A broken promise is no error but a verdict.
pub async fn play(
    root: &Path,
    options: &Options,
    ui: &Ui,
    stop: impl Future<Output = ()>,
) -> Result<Played> {
    let tale = Tale::load(root, &options.tale)?;
    let setup = prepare(root, &tale, options)?;
    let mut acting = Acting {
        root,
        tale: &tale,
        options,
        ui,
        record: Record::start(),
    };
    ui.title(&tale.title, &tale.teller, options.clock);

    tokio::pin!(stop);
    let started = tokio::select! {
        started = World::start(setup) => Some(started?),
        () = &mut stop => None,
    };
    let mut evidence = Evidence::default();
    if let Some(world) = started.map(Arc::new) {
        acting.stage_is_up(&world);
        let _control = acting.open_control(&world);
        let told = tokio::select! {
            told = acting.tell(&world) => told,
            () = &mut stop => {
                acting.record.notes.push("stopped before its end".to_owned());
                Ok(())
            }
        };
        evidence = evidence::collect(&tale.charts, &world, &acting.record).await;
        world.down().await;
        told?;
    } else {
        acting
            .record
            .notes
            .push("stopped before the stage was up".to_owned());
    }
    if !options.keep {
        let _ = std::fs::remove_dir_all(stage_dirs::play(root, &options.tale));
    }
    let report = acting.record.report(&tale, options, evidence);
    let page = report::write(&options.out, &report)?.html;
    Ok(Played { report, page })
}

/// Reads everything that the tale names, so that a mistake shows before anything is started.
fn prepare(root: &Path, tale: &Tale, options: &Options) -> Result<Setup> {
    let paths: Vec<PathBuf> = tale.manifests.iter().map(|path| root.join(path)).collect();
    let mut manifests = Manifests::load(&paths)?;
    for deployment in &mut manifests.deployments {
        for container in &mut deployment.object.spec.template.spec.containers {
            container
                .env
                .retain(|variable| !options.set.contains_key(&variable.name));
            container
                .env
                .extend(options.set.iter().map(|(name, value)| EnvVar {
                    name: name.clone(),
                    value: Some(value.clone()),
                    value_from: None,
                }));
        }
    }
    for act in &tale.acts {
        for path in act.chaos.iter().chain(&act.calm) {
            documents(root, path)?;
        }
        for name in act.run.iter().flat_map(|run| run.set.deployment.names()) {
            let known = manifests
                .deployments
                .iter()
                .any(|one| one.object.metadata.name == name);
            ensure!(
                known,
                "tales/{}/tale.yaml: act `{}`: there is no Deployment `{name}` in its manifests",
                tale.name,
                act.act
            );
        }
    }
    Ok(Setup {
        manifests,
        catalogue: world::load_slos(root, &tale.slos)?,
        clock: options.clock,
        state_dir: stage_dirs::play(root, &tale.name),
        seed: options.seed,
        upstream_dns: None,
    })
}

/// The Chaos Mesh documents in a file.
///
/// # Errors
/// What is wrong with one of them, with its place and remedy.
pub fn documents(root: &Path, path: &Path) -> Result<Vec<Document>> {
    let text = std::fs::read_to_string(root.join(path))
        .with_context(|| format!("cannot read {}", path.display()))?;
    Ok(document::parse(&path.display().to_string(), &text)?)
}
