//! `tale chaos ..`: kubectl's verbs for Chaos Mesh documents, carried out by the stage that runs.

use std::path::Path;

use anyhow::{Context, Result, bail};
use chaos::document::{self, Document};
use chaos::dry_run::DryRun;
use chaos::engine::Options;
use chaos::render;
use jiff::Timestamp;

use crate::cli::Chaos;
use crate::control::protocol::File;
use crate::control::{Request, Running};

/// Carries out one verb. `print` gets what belongs on standard output, `note` what belongs beside
/// it.
///
/// # Errors
/// A file that cannot be read or used, no stage that runs, or a refusal of the stage's.
pub async fn run(
    root: &Path,
    verb: Chaos,
    print: impl Fn(&str),
    note: impl Fn(&str),
) -> Result<()> {
    let request = match verb {
        Chaos::Apply { file, dry_run } => return apply(root, &file, dry_run, print, note).await,
        Chaos::Delete { name } => return delete(root, &name, print, note).await,
        Chaos::Get => Request::ChaosGet,
        Chaos::Describe { name } => Request::ChaosDescribe { name },
        Chaos::Pause { name, resume } => Request::ChaosPause { name, pause: !resume },
    };
    Running::find(root, note).await?.ask(&request, print).await
}

/// Files are checked here too, so that a mistake shows without a stage.
async fn apply(
    root: &Path,
    path: &Path,
    dry_run: bool,
    print: impl Fn(&str),
    note: impl Fn(&str),
) -> Result<()> {
    let (file, documents) = read(path)?;
    if dry_run {
        return match Running::find(root, &note).await {
            Ok(stage) => stage.ask(&Request::ChaosDryRun(file), print).await,
            Err(_) => {
                for document in &documents {
                    print(&render::dry_run(&without_stage(document)));
                }
                Ok(())
            }
        };
    }
    let stage = Running::find(root, &note).await?;
    for document in &documents {
        let name = &document.meta.name;
        let maximum = Options::default().default_maximum;
        for lint in document.lints(maximum, Timestamp::now()) {
            note(&format!("Warning: {name}: {lint}"));
        }
        for refusal in document.refusals() {
            note(&format!("Warning: {name}: will fail: {refusal}"));
        }
    }
    stage.ask(&Request::ChaosApply(file), print).await
}

/// A rehearsal without pods.
fn without_stage(document: &Document) -> DryRun {
    let maximum = Options::default().default_maximum;
    let why = "no stage is running, so no pods could be matched; start one with ./tale up";
    DryRun::rehearse(document, Err(why), maximum, Timestamp::now())
}

/// By name, or everything in a file. One that is not there does not keep the others.
async fn delete(root: &Path, name: &str, print: impl Fn(&str), note: impl Fn(&str)) -> Result<()> {
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
    let stage = Running::find(root, note).await?;
    let mut failed = Vec::new();
    for name in names {
        if let Err(why) = stage.ask(&Request::ChaosDelete { name }, &print).await {
            failed.push(format!("{why:#}"));
        }
    }
    if failed.is_empty() { Ok(()) } else { bail!(failed.join("\n")) }
}

fn read(path: &Path) -> Result<(File, Vec<Document>)> {
    let shown = path.display().to_string();
    let size = std::fs::metadata(path).map_or(0, |data| data.len());
    // What is too big is refused before it is read; `parse` has the words for it.
    let text = if size > document::MAX_FILE_BYTES as u64 {
        bail!(
            "{shown}: {size} bytes are more than the {} allowed; split the file",
            document::MAX_FILE_BYTES
        )
    } else {
        std::fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?
    };
    let documents = document::parse(&shown, &text)?;
    Ok((File { file: shown, text }, documents))
}
