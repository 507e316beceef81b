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

use std::path::{Path, PathBuf};

use anyhow::Result;
use slo::Catalogue;

use crate::cli::Slo;
use crate::world::load_slos;

/// What the verb prints, and its exit code. `note` gets what belongs beside it.
///
/// # Errors
/// Everything that is wrong with the files, one line each; a Prometheus that cannot be asked.
pub async fn run(root: &Path, verb: Slo, note: impl Fn(&str)) -> Result<(String, u8)> {
    match verb {
        Slo::Lint(args) => lint::run(root, &args).await,
        Slo::Compile { files, clock, format, namespace } => {
            rules::compile(root, &files, clock, format, &namespace)
        }
        Slo::Leak(args) => leak::run(root, args, note).await,
        Slo::Suggest(args) => suggest::run(root, args, note).await,
        Slo::Correlate(args) => correlate::run(root, args, note).await,
    }
}

/// The objectives in files or folders, named from the working folder.
fn load(root: &Path, files: &[PathBuf]) -> Result<Catalogue> {
    let here = std::env::current_dir()?;
    let files: Vec<PathBuf> = files.iter().map(|file| here.join(file)).collect();
    load_slos(root, &files)
}
