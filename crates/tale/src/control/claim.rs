//! One stage per state folder. The kernel gives the claim up however the process ends, so it also
//! tells whether a stage is gone, even one that no longer answers.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

/// How often is looked whether a claim was given up.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Whoever only looks holds the lock for a moment; that is not a reason to refuse.
const PATIENCE: Duration = Duration::from_millis(500);

/// The right to use a state folder, until it is dropped. The file stays: who deletes a lock file
/// may delete the one of a successor.
pub struct Claim(File);

impl Claim {
    /// Claims a folder, which is created when it is not there.
    ///
    /// # Errors
    /// Another process has it, or the folder cannot be written.
    pub async fn take(dir: &Path) -> Result<Self> {
        stage::local::no_links(dir)?;
        std::fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(mut claim) = Self::try_take(dir)? {
                let what = || format!("cannot write to {}", dir.display());
                claim.write_pid().with_context(what)?;
                return Ok(claim);
            }
            ensure!(Instant::now() < end, "a stage is already up here; end it with `tale down`");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Whether some process has the folder.
    pub fn is_taken(dir: &Path) -> bool {
        dir.exists() && matches!(Self::try_take(dir), Ok(None))
    }

    /// Waits until no process has the folder; `false` when time is up.
    pub async fn wait_free(dir: &Path, within: Duration) -> bool {
        let end = Instant::now() + within;
        while Self::is_taken(dir) {
            if Instant::now() >= end {
                return false;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        true
    }

    /// The process that had the folder last, as far as it could say so.
    pub fn holder(dir: &Path) -> Option<i32> {
        let mut text = String::new();
        open(dir).ok()?.take(20).read_to_string(&mut text).ok()?;
        text.trim().parse().ok()
    }

    fn try_take(dir: &Path) -> Result<Option<Self>> {
        let what = || format!("cannot lock {}", dir.join("lock").display());
        let file = open(dir).with_context(what)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(why)) => Err(why).with_context(what),
        }
    }

    fn write_pid(&mut self) -> std::io::Result<()> {
        self.0.set_len(0)?;
        self.0.rewind()?;
        writeln!(self.0, "{}", std::process::id())
    }
}

fn open(dir: &Path) -> std::io::Result<File> {
    File::options().read(true).write(true).create(true).truncate(false).open(dir.join("lock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_folder_has_one_holder_until_that_one_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!Claim::is_taken(&dir.path().join("not there")));
        let claim = Claim::take(dir.path()).await.unwrap();
        let why = Claim::take(dir.path()).await.err().unwrap().to_string();
        assert!(why.contains("tale down"), "{why}");
        assert!(Claim::is_taken(dir.path()));
        assert!(!Claim::wait_free(dir.path(), Duration::ZERO).await);
        let me = i32::try_from(std::process::id()).unwrap();
        assert_eq!(Claim::holder(dir.path()), Some(me));
        drop(claim);
        assert!(Claim::wait_free(dir.path(), Duration::ZERO).await);
    }
}
