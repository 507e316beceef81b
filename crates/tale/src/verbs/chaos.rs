//! `tale chaos ..`: kubectl's verbs for Chaos Mesh documents, carried out by the stage that runs.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use chaos::document::{self, Document};
use chaos::dry_run::DryRun;
use chaos::engine::{EngineError, Options};
use chaos::render;
use chaos::snapshot::Name;
use jiff::Timestamp;
use stage::SourceFile;

use crate::cli::Chaos;
use crate::control::{Request, Running};
use crate::folders::Project;
use crate::terminal::{note, print};

/// Carries out one verb and prints what came of it.
///
/// # Errors
/// A file that cannot be read or used, no stage that runs, or a refusal of the stage's.
pub async fn run(project: &Project, verb: Chaos) -> Result<ExitCode> {
    match verb {
        Chaos::Apply { file, dry_run: true } => dry_run(project, &file).await,
        Chaos::Apply { file, dry_run: false } => apply(project, &file).await,
        Chaos::Get => {
            print(&render::get(&Running::find(project).await?.chaos().await?));
            Ok(())
        }
        Chaos::Describe { name } => describe(project, &name.parse()?).await,
        Chaos::Delete { name } => delete(project, &name).await,
        Chaos::Pause { name, resume } => {
            let request = Request::ChaosPause { name, pause: !resume };
            Running::find(project).await?.carry_out(&request).await
        }
    }?;
    Ok(ExitCode::SUCCESS)
}

/// Documents are checked here too, so that a mistake shows without a stage.
async fn apply(project: &Project, path: &Path) -> Result<()> {
    let (file, documents) = read(path)?;
    let stage = Running::find(project).await?;
    for document in &documents {
        let name = &document.meta.name;
        for lint in document.lints(Options::default().default_maximum, Timestamp::now()) {
            note(&format!("Warning: {name}: {lint}"));
        }
        for refusal in document.refusals() {
            note(&format!("Warning: {name}: will fail: {refusal}"));
        }
    }
    stage.carry_out(&Request::ChaosApply(file)).await
}

/// What a file would do, to the pods of the stage that runs, or without pods.
async fn dry_run(project: &Project, path: &Path) -> Result<()> {
    let (_, documents) = read(path)?;
    let pods = match Running::find(project).await {
        Ok(stage) => Ok(stage.status().await?.stage.selectable()),
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
async fn describe(project: &Project, name: &Name) -> Result<()> {
    let snapshot = Running::find(project).await?.chaos().await?;
    let texts: Vec<String> =
        snapshot.find_all(name).map(|object| render::describe(&snapshot, object)).collect();
    if texts.is_empty() {
        return Err(EngineError::NotFound(name.to_string()).into());
    }
    print(&texts.join("\n\n"));
    Ok(())
}

/// By name, or everything in a file. One that is not there does not keep the others.
async fn delete(project: &Project, name: &str) -> Result<()> {
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
    let stage = Running::find(project).await?;
    let mut failed = Vec::new();
    for name in names {
        if let Err(why) = stage.carry_out(&Request::ChaosDelete { name }).await {
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
