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

/// Checks that a folder for state, the one that it is in, and everything in it are what they seem:
/// through a link, a stage would write somewhere else.
///
/// # Errors
/// The first link.
pub fn no_links(dir: &Path) -> Result<(), StageError> {
    let is_link = |path: &Path| path.symlink_metadata().is_ok_and(|data| data.is_symlink());
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let around = dir.parent().into_iter().chain([dir]).map(Path::to_path_buf);
    match around.chain(entries).find(|path| is_link(path)) {
        None => Ok(()),
        Some(link) => {
            let why = "it is a link, and a stage writes into folders of its own only: remove it";
            let what = format!("use {}", link.display());
            Err(StageError::io(what)(std::io::Error::other(why)))
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_in_or_around_a_state_folder_is_refused_and_named() {
        let root = tempfile::tempdir().unwrap();
        let (state, elsewhere) = (root.path().join(".tales/up"), root.path().join("elsewhere"));
        std::fs::create_dir_all(&state).unwrap();
        std::fs::create_dir_all(&elsewhere).unwrap();
        no_links(&state).unwrap();
        std::os::unix::fs::symlink(&elsewhere, state.join("lock")).unwrap();
        let why = no_links(&state).unwrap_err().to_string();
        assert!(why.contains("up/lock") && why.contains("remove it"), "{why}");
        std::fs::remove_file(state.join("lock")).unwrap();
        std::os::unix::fs::symlink(&elsewhere, root.path().join(".tales/play")).unwrap();
        assert!(no_links(&root.path().join(".tales/play")).is_err());
    }
}
