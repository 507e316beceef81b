//! Reading files of YAML, and objectives from them.

use std::path::{Path, PathBuf};

use anyhow::{Error, Result, anyhow};
use slo::{Catalogue, Problem};

use crate::files;

/// Reads OpenSLO files. `paths` are relative to `folder` and may be folders.
///
/// # Errors
/// All problems, one per line, each with file, field and remedy.
pub fn load_slos(folder: &Path, paths: &[PathBuf]) -> Result<Catalogue> {
    let files = read_yaml(folder, paths)?;
    Catalogue::load(&files).map_err(listed)
}

/// The names, as seen from `folder`, and texts of files and of the YAML files of folders.
///
/// # Errors
/// A file that cannot be read.
pub fn read_yaml(folder: &Path, paths: &[PathBuf]) -> Result<Vec<(String, String)>> {
    let mut all = Vec::new();
    for path in paths {
        for file in yaml_files(&folder.join(path)) {
            let text = files::read(&file)?;
            let shown = file.strip_prefix(folder).unwrap_or(&file).display().to_string();
            all.push((shown, text));
        }
    }
    Ok(all)
}

fn yaml_files(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(path) else {
        return vec![path.to_owned()];
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    files
}

/// All problems, one per line.
pub fn listed(problems: Vec<Problem>) -> Error {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    anyhow!("{}", lines.join("\n"))
}
