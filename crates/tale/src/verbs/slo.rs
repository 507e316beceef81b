//! `tale slo`: objectives checked, compiled into rules, and held against what Prometheus remembers.

mod correlate;
mod events;
mod leak;
mod lint;
mod observed;
mod past;
mod rules;
mod snapshot;
mod suggest;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use slo::Catalogue;

use crate::cli::Slo;
use crate::folders::Project;
use crate::terminal::print;
use crate::yaml::load_slos;

/// Carries out one of the verbs about objectives.
///
/// # Errors
/// Everything that is wrong with the files, one line each; a Prometheus that cannot be asked.
pub async fn run(project: &Project, verb: Slo) -> Result<ExitCode> {
    let (text, code) = match verb {
        Slo::Lint(args) => lint::run(&args).await,
        Slo::Compile { files, clock, format, namespace } => {
            rules::compile(&files, clock, format, &namespace)
        }
        Slo::Leak(args) => leak::run(project, args).await,
        Slo::Suggest(args) => suggest::run(project, args).await,
        Slo::Correlate(args) => correlate::run(project, args).await,
    }?;
    print(&text);
    Ok(ExitCode::from(code))
}

/// The objectives in files or folders, named from the working folder.
fn load(files: &[PathBuf]) -> Result<Catalogue> {
    load_slos(&std::env::current_dir()?, files)
}
