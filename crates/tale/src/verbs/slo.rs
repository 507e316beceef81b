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
use crate::terminal::{note, print};
use crate::yaml::load_slos;

/// Carries out one of the verbs about objectives.
///
/// # Errors
/// Everything that is wrong with the files, one line each; a Prometheus that cannot be asked.
pub async fn run(project: &Project, verb: Slo) -> Result<ExitCode> {
    let (text, code) = match verb {
        Slo::Lint(args) => lint::run(&args).await,
        Slo::Compile { files, clock, format, namespace, rewrite_ranges } => {
            let catalogue = load(&files, rewrite_ranges)?;
            rules::compile(&catalogue, clock, format, &namespace)
        }
        Slo::Leak(args) => leak::run(project, args).await,
        Slo::Suggest(args) => suggest::run(project, args).await,
        Slo::Correlate(args) => correlate::run(project, args).await,
    }?;
    print(&text);
    Ok(ExitCode::from(code))
}

/// The objectives in files or folders, named from the working folder. If literal ranges are
/// rewritten, a note says which.
fn load(files: &[PathBuf], rewrite_ranges: bool) -> Result<Catalogue> {
    let mut catalogue = load_slos(&std::env::current_dir()?, files)?;
    if rewrite_ranges {
        catalogue.rewrite_ranges().iter().for_each(|line| note(line));
    }
    Ok(catalogue)
}
