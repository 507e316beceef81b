//! `tale chaos ..`: kubectl's verbs for Chaos Mesh documents, carried out by the stage that runs.

mod lint;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Result, bail, ensure};
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
        ChaosVerb::Apply { files, dry_run: true } => dry_run(stage().await, &files.paths()).await,
        ChaosVerb::Apply { files, dry_run: false } => apply(stage().await, &files.paths()).await,
        ChaosVerb::Lint { files } => return lint_files(project, &files),
        ChaosVerb::Get => {
            print(&render::get(&stage().await?.chaos().await?));
            Ok(())
        }
        ChaosVerb::Describe { name } => describe(&stage().await?, &name.parse()?).await,
        ChaosVerb::Delete { names, filename } => delete(stage().await, names, &filename).await,
        ChaosVerb::Pause { name, resume } => {
            stage().await?.carry_out(Request::ChaosPause { name, pause: !resume }).await
        }
    }?;
    Ok(ExitCode::SUCCESS)
}

/// Exit code 1 if one of them cannot work.
fn lint_files(project: &Project, files: &[PathBuf]) -> Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for (file, documents) in read(files)? {
        let lints = lint::lint(project.folder()?, &documents)?;
        for warning in &lints.warnings {
            print(&format!("{}: Warning: {warning}", file.name));
        }
        for refusal in &lints.refused {
            print(&format!("{}: {refusal}", file.name));
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

/// Documents are checked here too, so that a mistake shows without a stage; and all of them before
/// the first is injected.
async fn apply(stage: Result<Target>, paths: &[PathBuf]) -> Result<()> {
    let files = read(paths)?;
    let mut refused = Vec::new();
    for (_, document) in each(&files) {
        let name = &document.meta.name;
        refused.extend(document.refusals().iter().map(|why| format!("{name}: {why}")));
    }
    ensure!(refused.is_empty(), "refused, so nothing was injected:\n{}", refused.join("\n"));
    let stage = stage?;
    for (_, document) in each(&files) {
        for lint in document.lints(Options::default().default_maximum, Timestamp::now()) {
            note(&format!("Warning: {}: {lint}", document.meta.name));
        }
    }
    for (file, _) in files {
        stage.carry_out(Request::ChaosApply(file)).await?;
    }
    Ok(())
}

/// What files would do, to the pods of the stage that runs, or without pods.
async fn dry_run(stage: Result<Target>, paths: &[PathBuf]) -> Result<()> {
    let files = read(paths)?;
    let pods = match stage {
        Ok(stage) => Ok(stage.pods().await?),
        Err(_) => Err(NO_STAGE),
    };
    let mut failing = Vec::new();
    for (_, document) in each(&files) {
        let maximum = Options::default().default_maximum;
        let pods = pods.as_deref().map_err(|why| *why);
        let run = DryRun::rehearse(document, pods, maximum, Timestamp::now());
        print(&render::dry_run(&run));
        if !run.is_fine() {
            failing.push(format!("{}/{}", run.kind.to_lowercase(), run.name));
        }
    }
    ensure!(
        failing.is_empty(),
        "would be refused, or hit nobody: {}; see above",
        failing.join(", ")
    );
    Ok(())
}

const NO_STAGE: &str = "no stage is running, so no pods could be matched; start one with ./tale up";

/// A file, and what is in it.
type Read = (SourceFile, Vec<Document>);

fn each(files: &[Read]) -> impl Iterator<Item = (&SourceFile, &Document)> {
    files.iter().flat_map(|(file, documents)| documents.iter().map(move |one| (file, one)))
}

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

/// By name, or everything in files. One that is not there does not keep the others.
async fn delete(stage: Result<Target>, given: Vec<String>, files: &[PathBuf]) -> Result<()> {
    let is_file = |name: &String| {
        let path = Path::new(name);
        let yaml = path.extension().is_some_and(|end| end == "yaml" || end == "yml");
        name == "-" || yaml || path.exists()
    };
    let (paths, mut names): (Vec<String>, Vec<String>) = given.into_iter().partition(is_file);
    let paths: Vec<PathBuf> = paths.into_iter().map(PathBuf::from).chain(files.to_vec()).collect();
    for (file, document) in each(&read(&paths)?) {
        let meta = &document.meta;
        ensure!(
            !document.generated,
            "{}: a {} got its name when it was applied; delete it by that name, which `tale chaos get` shows",
            file.name,
            document.kind()
        );
        names.push(format!("{}/{}/{}", meta.namespace, document.kind(), meta.name));
    }
    let stage = stage?;
    let mut failed = Vec::new();
    for name in names {
        if let Err(why) = stage.carry_out(Request::ChaosDelete { name }).await {
            failed.push(format!("{why:#}"));
        }
    }
    if failed.is_empty() { Ok(()) } else { bail!(failed.join("\n")) }
}

/// Reads files, folders and standard input (`-`). All that is wrong with any of them is told at
/// once.
fn read(paths: &[PathBuf]) -> Result<Vec<Read>> {
    let mut files = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            files.push(SourceFile::standard_input()?);
        } else {
            files.extend(SourceFile::load(&[path])?);
        }
    }
    let (mut all, mut wrong) = (Vec::new(), Vec::new());
    for file in files {
        match document::read(&file.name, &file.text) {
            Ok(read) => {
                for other in &read.skipped {
                    note(&format!("Skipped: {}: {other} is for kubectl", file.name));
                }
                all.push((file, read.documents));
            }
            Err(why) => wrong.push(why.to_string()),
        }
    }
    if wrong.is_empty() { Ok(all) } else { bail!(wrong.join("\n")) }
}
