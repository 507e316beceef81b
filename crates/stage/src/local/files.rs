//! Small files that other programs read while they are written.

use std::path::Path;

use crate::StageError;

/// Replaces a file in one step: a reader sees the old content or the new, never half of one.
pub(crate) fn replace(path: &Path, content: &[u8]) -> Result<(), StageError> {
    let new = path.with_extension("new");
    let what = || format!("write {}", path.display());
    std::fs::write(&new, content).map_err(StageError::io(what()))?;
    std::fs::rename(&new, path).map_err(StageError::io(what()))
}

/// Replaces a folder by an empty one.
pub(crate) fn empty_dir(path: &Path) -> Result<(), StageError> {
    match std::fs::remove_dir_all(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            return Err(StageError::io(format!("empty {}", path.display()))(e));
        }
        _ => {}
    }
    std::fs::create_dir_all(path).map_err(StageError::io(format!("create {}", path.display())))
}

/// The last words of a program that ended.
pub(crate) fn last_line(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let last = text.lines().rev().find(|line| !line.trim().is_empty());
    last.unwrap_or("it wrote nothing").to_owned()
}
