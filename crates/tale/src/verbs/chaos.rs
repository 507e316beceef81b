//! `tale chaos ..`: kubectl's verbs for Chaos Mesh documents, carried out by the stage that runs.

mod lint;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use chaos::document::{self, Document};
use chaos::dry_run::DryRun;
use chaos::engine::{EngineError, Options};
use chaos::render;
use chaos::snapshot::{Name, Snapshot};
use chaos::target::Pod;
use jiff::Timestamp;
use stage::{SourceFile, Stage};

use crate::cli::{Chaos, ChaosVerb, Place};
use crate::control::{self, Request, Running};
use crate::exit::BROKEN;
use crate::folders::Project;
use crate::in_cluster;
use crate::terminal::{note, print};

/// Carries out one verb and prints what came of it.
///
/// # Errors
/// A file that cannot be read or used, no stage that runs, or a refusal of the stage's.
pub async fn run(project: &Project, args: Chaos) -> Result<ExitCode> {
    let place = &args.place;
    let stage = || Target::find(project, place);
    match args.verb {
        ChaosVerb::Apply { file, dry_run: true } => dry_run(stage().await, &file).await,
        ChaosVerb::Apply { file, dry_run: false } => {
            let (file, documents) = read(&file)?;
            warn(&documents);
            stage().await?.carry_out(Request::ChaosApply(file)).await
        }
        ChaosVerb::Lint { files } => return lint_files(project, &files),
        ChaosVerb::Get => {
            print(&render::get(&stage().await?.chaos().await?));
            Ok(())
        }
        ChaosVerb::Describe { name } => describe(&stage().await?, &name.parse()?).await,
        ChaosVerb::Delete { name } => delete(stage().await, &name).await,
        ChaosVerb::Pause { name, resume } => {
            stage().await?.carry_out(Request::ChaosPause { name, pause: !resume }).await
        }
    }?;
    Ok(ExitCode::SUCCESS)
}

/// Exit code 1 if one of them cannot work.
fn lint_files(project: &Project, files: &[PathBuf]) -> Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for file in files {
        let lints = lint::lint(project.folder()?, &read(file)?.1)?;
        for warning in &lints.warnings {
            print(&format!("{}: Warning: {warning}", file.display()));
        }
        for refusal in &lints.refused {
            print(&format!("{}: {refusal}", file.display()));
            code = ExitCode::from(BROKEN);
        }
    }
    Ok(code)
}

/// The stage that is meant: one of this machine, in its own process, or one in a cluster.
enum Target {
    Local(Running),
    Cluster(Arc<dyn Stage>),
}

impl Target {
    async fn find(project: &Project, place: &Place) -> Result<Self> {
        if place.is_cluster() {
            return Ok(Self::Cluster(in_cluster::attach(place).await?));
        }
        Ok(Self::Local(Running::find(project).await?))
    }

    async fn pods(&self) -> Result<Vec<Pod>> {
        Ok(match self {
            Self::Local(stage) => stage.status().await?.stage.selectable(),
            Self::Cluster(stage) => stage.status().await?.selectable(),
        })
    }

    async fn chaos(&self) -> Result<Snapshot> {
        Ok(match self {
            Self::Local(stage) => stage.chaos().await?,
            Self::Cluster(stage) => stage.chaos().await?,
        })
    }

    /// Has something done, and prints what was.
    async fn carry_out(&self, request: Request) -> Result<()> {
        match self {
            Self::Local(stage) => stage.carry_out(&request).await,
            Self::Cluster(stage) => {
                let (done, failed) = control::carry_out(&**stage, request).await;
                print(&done);
                failed
            }
        }
    }
}

/// Documents are checked here too, so that a mistake shows without a stage.
fn warn(documents: &[Document]) {
    for document in documents {
        let name = &document.meta.name;
        for lint in document.lints(Options::default().default_maximum, Timestamp::now()) {
            note(&format!("Warning: {name}: {lint}"));
        }
        for refusal in document.refusals() {
            note(&format!("Warning: {name}: will fail: {refusal}"));
        }
    }
}

/// What a file would do, to the pods of the stage that runs, or without pods.
async fn dry_run(stage: Result<Target>, path: &Path) -> Result<()> {
    let (_, documents) = read(path)?;
    let pods = match stage {
        Ok(stage) => Ok(stage.pods().await?),
        Err(_) => Err(NO_STAGE),
    };
    for document in &documents {
        let maximum = Options::default().default_maximum;
        let pods = pods.as_deref().map_err(|why| *why);
        let run = DryRun::rehearse(document, pods, maximum, Timestamp::now());
        print(&render::dry_run(&run));
    }
    Ok(())
}

const NO_STAGE: &str = "no stage is running, so no pods could be matched; start one with ./tale up";

/// Everything about every object that a name means.
async fn describe(stage: &Target, name: &Name) -> Result<()> {
    let snapshot = stage.chaos().await?;
    let texts: Vec<String> =
        snapshot.find_all(name).map(|object| render::describe(&snapshot, object)).collect();
    if texts.is_empty() {
        return Err(EngineError::NotFound(name.to_string()).into());
    }
    print(&texts.join("\n\n"));
    Ok(())
}

/// By name, or everything in a file. One that is not there does not keep the others.
async fn delete(stage: Result<Target>, name: &str) -> Result<()> {
    let path = Path::new(name);
    let is_file =
        path.is_file() || path.extension().is_some_and(|end| end == "yaml" || end == "yml");
    let names: Vec<String> = if is_file {
        let full = |document: &Document| {
            let meta = &document.meta;
            format!("{}/{}/{}", meta.namespace, document.kind(), meta.name)
        };
        read(path)?.1.iter().map(full).collect()
    } else {
        vec![name.to_owned()]
    };
    let stage = stage?;
    let mut failed = Vec::new();
    for name in names {
        if let Err(why) = stage.carry_out(Request::ChaosDelete { name }).await {
            failed.push(format!("{why:#}"));
        }
    }
    if failed.is_empty() { Ok(()) } else { bail!(failed.join("\n")) }
}

fn read(path: &Path) -> Result<(SourceFile, Vec<Document>)> {
    let name = path.display().to_string();
    let size = std::fs::metadata(path).map_or(0, |data| data.len());
    // What is too big is refused before it is read; `parse` has the words for it.
    if size > document::MAX_FILE_BYTES as u64 {
        bail!(
            "{name}: {size} bytes are more than the {} allowed; split the file",
            document::MAX_FILE_BYTES
        )
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
    let documents = document::parse(&name, &text)?;
    Ok((SourceFile { name, text }, documents))
}
