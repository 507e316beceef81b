//! Where stages keep their files: `.tales/` in the project's folder, one folder per stage.

use std::path::{Path, PathBuf};

/// The folder of all stages.
pub fn all(root: &Path) -> PathBuf {
    root.join(".tales")
}

/// The stage of a play. Each play has its own, so that several can run side by side.
pub fn play(root: &Path, tale: &str) -> PathBuf {
    all(root).join(format!("play-{tale}-{}", std::process::id()))
}

/// The stage of `tale up`.
pub fn up(root: &Path) -> PathBuf {
    all(root).join("up")
}

/// The project's folder: the one that the launcher names in `TALES_HOME`, or else the nearest one
/// above the working folder, or above this program, that holds tales.
pub fn project() -> Option<PathBuf> {
    let named = std::env::var_os("TALES_HOME").map(PathBuf::from);
    let here = std::env::current_dir().ok();
    let program = std::env::current_exe().ok();
    let starts = here.iter().chain(&program).flat_map(|start| start.ancestors());
    named
        .as_deref()
        .into_iter()
        .chain(starts)
        .find(|folder| folder.join("tales").is_dir() && folder.join("manifests").is_dir())
        .map(Path::to_owned)
}
