//! `tale list`: the tales, one line each.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::folders::Project;
use crate::story::Tale;
use crate::terminal::print;

/// Prints name, teller and title of every tale.
///
/// # Errors
/// There is no project, or a tale is wrong.
pub fn run(project: &Project) -> Result<ExitCode> {
    let root = project.folder()?;
    for name in names(root)? {
        let tale = Tale::load(root, &name)?;
        print(&format!("{name:<12} {:<8} {}", tale.teller, tale.title));
    }
    Ok(ExitCode::SUCCESS)
}

/// The names of all tales, sorted.
///
/// # Errors
/// Their folder cannot be read.
pub fn names(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("tales");
    let entries =
        std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().join("tale.yaml").exists())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    Ok(names)
}
