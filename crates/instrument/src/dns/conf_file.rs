//! Noticing that `resolv.conf` changed, before the very next lookup.
//!
//! The file can change in two ways, and a container sees both: *renamed over* (kubelet; a new
//! inode), or *rewritten in place* (Chaos Mesh, `cat > resolv.conf`; the same inode and maybe the
//! same length). A notification from the kernel would arrive a little late; one `stat` per lookup
//! is about a microsecond and never late.
//!
//! The trap is the clock of the file system: it ticks every 4 to 10 milliseconds. Two rewrites in
//! one tick, equal in length, look the same to `stat`. So what was read from a file *younger than
//! two ticks* is not trusted the next time, and the file is read again until it has settled. (git
//! does the same for its index.)
//!
//! These calls block the thread. That would be wrong for files of any size on a network disk; for
//! one `stat` of a tiny local file it is cheaper than handing the work to another thread.

use std::{
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use super::settings::Settings;

/// Two ticks of the slowest file system clock in use (100 ticks per second).
const TWO_TICKS: Duration = Duration::from_millis(20);

/// Longest file that is read: a hundred times what a real one needs, and no way to fill the memory.
const MAX_BYTES: u64 = 64 * 1024;

/// The file, and what it said when it was last read.
#[derive(Debug)]
pub(super) struct ConfFile {
    path: PathBuf,
    last: Mutex<Option<Reading>>,
}

impl ConfFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, last: Mutex::new(None) }
    }

    /// What the file says now.
    ///
    /// A writer that rewrites in place empties the file first. Meeting it in that instant would
    /// fail a lookup for no reason, so a file that is unusable *and* was touched a moment ago gets
    /// a second look.
    pub(super) async fn current(&self) -> Result<Arc<Settings>, ConfFileError> {
        match self.look() {
            Err(ConfFileError::NoNameserver { settled: false, .. }) => {
                tokio::time::sleep(TWO_TICKS).await;
                self.look()
            }
            result => result,
        }
    }

    fn look(&self) -> Result<Arc<Settings>, ConfFileError> {
        let metadata = fs::metadata(&self.path).map_err(|source| self.unreadable(source))?;
        if let Some(reading) = &*self.last()
            && reading.settled
            && reading.stamp == Stamp::of(&metadata)
        {
            return Ok(Arc::clone(&reading.settings));
        }
        // Opening a pipe or a device could block for ever.
        if !metadata.is_file() {
            return Err(self.unreadable(io::Error::from(io::ErrorKind::InvalidInput)));
        }
        let (stamp, settled, text) = read(&self.path).map_err(|source| self.unreadable(source))?;
        let settings = Settings::parse(&self.path, &text);
        if settings.nameservers.is_empty() {
            return Err(ConfFileError::NoNameserver { path: self.path.clone(), settled });
        }
        let settings = Arc::new(settings);
        // Two lookups may get here at once and store in either order. If the older reading wins,
        // its stamp differs from the file's, and the next lookup reads again.
        *self.last() = Some(Reading { stamp, settled, settings: Arc::clone(&settings) });
        Ok(settings)
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Option<Reading>> {
        // A poisoned lock means that another thread panicked; the reading itself is replaced as a
        // whole, never half.
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unreadable(&self, source: io::Error) -> ConfFileError {
        ConfFileError::Unreadable { path: self.path.clone(), source }
    }
}

#[derive(Debug)]
struct Reading {
    stamp: Stamp,
    settled: bool,
    settings: Arc<Settings>,
}

/// What `stat` says about a file. `ctime` is in it because `touch` can set `mtime` back, but
/// nothing can set `ctime`.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(metadata: &fs::Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Can no later change carry this same stamp? Stamps from the future (the clock was set back)
    /// never settle.
    fn is_settled(&self, now: SystemTime) -> bool {
        [self.modified, self.changed].into_iter().all(|(seconds, nanoseconds)| {
            let (Ok(seconds), Ok(nanoseconds)) =
                (u64::try_from(seconds), u32::try_from(nanoseconds))
            else {
                return true; // before 1970: old enough
            };
            let stamp = Duration::new(seconds, nanoseconds);
            let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            now.checked_sub(stamp).is_some_and(|age| age > TWO_TICKS)
        })
    }
}

/// The stamp is taken *before* the content: if the file changes in between, the stamp is too old,
/// and the next look differs.
fn read(path: &Path) -> io::Result<(Stamp, bool, Vec<u8>)> {
    let now = SystemTime::now();
    let file = File::open(path)?;
    let stamp = Stamp::of(&file.metadata()?);
    let mut text = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut text)?;
    let settled = stamp.is_settled(now);
    Ok((stamp, settled, text))
}

/// `resolv.conf` cannot be used. The service goes on, and lookups work again as soon as the file
/// does.
#[derive(Debug, thiserror::Error)]
pub enum ConfFileError {
    /// Missing, not a regular file, or not readable.
    #[error("cannot read {path}: {source}; restore the file, or point RESOLV_CONF at another one", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// Empty, or no line that names a server. (glibc would try 127.0.0.1; a clear error teaches
    /// more.)
    #[error("{path} names no name server; add a line `nameserver <IP address>`, or point RESOLV_CONF at another file", path = path.display())]
    NoNameserver {
        /// The file.
        path: PathBuf,
        /// False when the file was touched a moment ago, so that somebody may still be writing it.
        settled: bool,
    },
}

#[cfg(test)]
mod tests;
