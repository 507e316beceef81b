//! Plays a tale: sets the stage, acts, checks every promise, takes everything down, writes the
//! report.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use chaos::document::{self, Document};
use slo::Clock;

use crate::acting::Acting;
use crate::evidence::{self, Evidence};
use crate::record::Record;
use crate::report::{self, Report};
use crate::story::Tale;
use crate::ui::Ui;
use crate::world::World;
use crate::{prepare, stage_dirs};

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
    /// Chaos that is left out: the tale has to fail then.
    pub left_out: LeftOut,
    /// Keep logs and data.
    pub keep: bool,
}

/// Which chaos of a tale is left out. A play stops at the first promise that is broken, so what
/// depends on a later fault is seen to fail only when the earlier ones are there.
pub enum LeftOut {
    /// None: the tale as it is.
    Nothing,
    /// All of it.
    All,
    /// The experiment of this name.
    Experiment(String),
}

impl LeftOut {
    /// What a report has to say about it.
    pub(crate) fn note(&self) -> Option<String> {
        match self {
            LeftOut::Nothing => None,
            LeftOut::All => Some("all chaos was left out".to_owned()),
            LeftOut::Experiment(name) => Some(format!("the experiment {name} was left out")),
        }
    }

    /// Is this experiment left out?
    pub fn has(&self, experiment: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::All => true,
            Self::Experiment(name) => name == experiment,
        }
    }
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
    let (setup, known) = prepare::prepare(root, &tale, options)?;
    report::prepare(&options.out)?;
    let mut acting = Acting { root, tale: &tale, options, ui, record: Record::start() };
    ui.title(&tale.title, &tale.teller, options.clock);
    acting.record.notes.extend(options.left_out.note());

    tokio::pin!(stop);
    let started = tokio::select! {
        started = World::start(setup) => Some(started?),
        () = &mut stop => None,
    };
    let mut evidence = Evidence::default();
    if let Some(world) = started.map(Arc::new) {
        let _control = acting.open_control(&world);
        let told = tokio::select! {
            told = acting.tell(&world, known) => told,
            () = &mut stop => {
                acting.record.notes.push("stopped before its end".to_owned());
                Ok(())
            }
        };
        evidence = evidence::collect(&tale.charts, &world, &acting.record).await;
        world.down().await;
        told?;
    } else {
        acting.record.notes.push("stopped before the stage was up".to_owned());
    }
    if !options.keep {
        remove(&stage_dirs::play(root, &options.tale)).await;
    }
    let report = acting.record.report(&tale, options, evidence);
    let page = report::write(&options.out, &report)?.html;
    Ok(Played { report, page })
}

/// Removes a folder. A stage that was stopped while it started has children that are just being
/// killed: one of them may still write a file, which makes the removal fail.
async fn remove(folder: &Path) {
    let gone = || match std::fs::remove_dir_all(folder) {
        Ok(()) => true,
        Err(why) => why.kind() == std::io::ErrorKind::NotFound,
    };
    for _ in 0..50 {
        if gone() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
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
