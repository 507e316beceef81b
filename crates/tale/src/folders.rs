//! Where the project lies, and where its stages keep their files: `.tales/` in the project's
//! folder, one folder per stage. Where that cannot be written to, they are elsewhere.

mod state;

pub use state::{own, stages};

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

/// The stage of a play. Each play has its own, so that several can run side by side.
pub fn play(root: &Path, tale: &str) -> PathBuf {
    stages(root).join(format!("play-{tale}-{}", std::process::id()))
}

/// Says that a play's folder is to stay when the play is gone.
pub fn keep(play: &Path) {
    // Without it the folder is cleaned away, which is what happens to all others.
    let _ = std::fs::create_dir_all(play).and_then(|()| std::fs::write(play.join(KEPT), ""));
}

/// In the folder of a play that is to stay.
const KEPT: &str = "kept";

/// Takes away what killed plays have left: a play that ends takes its folder with it. Stages that
/// live hold a lock, and a play that just starts is a process.
pub fn tidy(root: &Path) {
    for entry in std::fs::read_dir(stages(root)).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let pid = name.strip_prefix("play-").and_then(|rest| rest.rsplit_once('-'));
        let Some(pid) = pid.and_then(|(_, pid)| pid.parse::<u32>().ok()) else {
            continue;
        };
        // A link leads somewhere else.
        let folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let path = entry.path();
        if folder && !path.join(KEPT).exists() && !lives(pid) && !locked(&path.join("stage/lock")) {
            let _ = std::fs::remove_dir_all(path);
        }
    }
}

fn lives(pid: u32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

/// Whether a process holds this lock; one that is not there is held by nobody.
pub fn locked(lock: &Path) -> bool {
    let Ok(file) = std::fs::File::open(lock) else {
        return false;
    };
    matches!(file.try_lock_shared(), Err(std::fs::TryLockError::WouldBlock))
}

/// A new folder for the report of a play, beside those of earlier ones.
pub fn report(root: &Path, tale: &str) -> PathBuf {
    let now = jiff::Timestamp::now().strftime("%Y-%m-%d-%H%M%S").to_string();
    reports(root).join(tale).join(format!("{now}-{}", std::process::id()))
}

/// The folder of the reports of all tales.
pub fn reports(root: &Path) -> PathBuf {
    stages(root).join("reports")
}

/// The stage of `tale up`.
pub fn up(root: &Path) -> PathBuf {
    stages(root).join("up")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_dead_plays_go_and_all_others_stay() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| stages(root.path()).join(name);
        // No process has this number: it is above the highest that the kernel gives.
        let (dead, kept, locked_one) =
            (at("play-a-4194999"), at("play-b-4194999"), at("play-c-4194998"));
        let (alive, up) = (play(root.path(), "d"), up(root.path()));
        for folder in [&dead, &kept, &locked_one, &alive, &up] {
            std::fs::create_dir_all(folder.join("stage")).unwrap();
        }
        keep(&kept);
        let lock = std::fs::File::create(locked_one.join("stage/lock")).unwrap();
        lock.try_lock().unwrap();
        let elsewhere = root.path().join("elsewhere");
        std::fs::create_dir(&elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, at("play-e-4194997")).unwrap();
        tidy(root.path());
        assert!(!dead.exists());
        assert!([&kept, &locked_one, &alive, &up, &elsewhere].iter().all(|folder| folder.exists()));
        drop(lock);
        tidy(root.path());
        assert!(!locked_one.exists());
    }
}
