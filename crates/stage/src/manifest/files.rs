//! Which files a path means, and their text.

use std::io;
use std::path::{Path, PathBuf};

use super::{ManifestError, SourceFile};

/// The file, or those of the folder in the order of their names.
pub(super) fn read(path: &Path) -> Result<Vec<SourceFile>, ManifestError> {
    if !path.is_dir() {
        return Ok(vec![read_file(path)?]);
    }
    let entries = std::fs::read_dir(path).map_err(|source| unreadable(path, source))?;
    let mut files: Vec<PathBuf> =
        entries.filter_map(|e| Some(e.ok()?.path())).filter(|p| is_manifest(p)).collect();
    files.sort();
    if files.is_empty() {
        let source = io::Error::new(io::ErrorKind::NotFound, "no *.yaml in this folder");
        return Err(unreadable(path, source));
    }
    files.iter().map(|file| read_file(file)).collect()
}

fn read_file(file: &Path) -> Result<SourceFile, ManifestError> {
    let text = std::fs::read_to_string(file).map_err(|source| unreadable(file, source))?;
    Ok(SourceFile { name: file.display().to_string(), text })
}

fn unreadable(file: &Path, source: io::Error) -> ManifestError {
    ManifestError::Read { file: file.to_path_buf(), source }
}

fn is_manifest(path: &Path) -> bool {
    let yaml = path.extension().is_some_and(|e| e == "yaml" || e == "yml");
    yaml && path.file_stem().is_some_and(|s| s != "kustomization")
}
