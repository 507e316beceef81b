//! Where the project lies, and where its stages keep their files: `.tales/` in the project's
//! folder, one folder per stage.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The project, if this program runs in one. Verbs that need none, such as a gate with
/// `--prometheus`, run anywhere.
#[derive(Debug, Clone)]
pub struct Project(Option<PathBuf>);

impl Project {
    /// Looks for the project: the folder that the launcher names in `TALES_HOME`, or else the
    /// nearest one above the working folder, or above this program, that holds tales.
    pub fn find() -> Self {
        let named = std::env::var_os("TALES_HOME").map(PathBuf::from);
        let here = std::env::current_dir().ok();
        let program = std::env::current_exe().ok();
        let starts = here.iter().chain(&program).flat_map(|start| start.ancestors());
        let mut folders = named.as_deref().into_iter().chain(starts);
        let holds_tales =
            |folder: &&Path| folder.join("tales").is_dir() && folder.join("manifests").is_dir();
        Self(folders.find(holds_tales).map(Path::to_owned))
    }

    /// Its folder.
    ///
    /// # Errors
    /// There is none.
    pub fn folder(&self) -> Result<&Path> {
        let why =
            "there are no tales here; run this in the project's folder, or through its ./tale";
        self.0.as_deref().context(why)
    }
}

/// The services, by their folders.
pub fn services(root: &Path) -> Vec<String> {
    let folders = std::fs::read_dir(root.join("services")).into_iter().flatten().flatten();
    let mut names: Vec<String> = folders
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The folders of `manifests/base`, one per app.
///
/// # Errors
/// The folder cannot be read.
pub fn apps(root: &Path) -> Result<Vec<PathBuf>> {
    let base = root.join("manifests/base");
    let entries =
        std::fs::read_dir(&base).with_context(|| format!("cannot read {}", base.display()))?;
    let mut apps: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    apps.sort();
    Ok(apps)
}

/// The folder of all stages.
pub fn stages(root: &Path) -> PathBuf {
    root.join(".tales")
}

/// The stage of a play. Each play has its own, so that several can run side by side.
pub fn play(root: &Path, tale: &str) -> PathBuf {
    stages(root).join(format!("play-{tale}-{}", std::process::id()))
}

/// The stage of `tale up`.
pub fn up(root: &Path) -> PathBuf {
    stages(root).join("up")
}
