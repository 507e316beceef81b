//! Noticing that a file changed, before the very next lookup.
//!
//! `resolv.conf` can change in two ways, and a container sees both: *renamed over* (kubelet; a new
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
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

/// Two ticks of the slowest file system clock in use (100 ticks per second).
pub(crate) const TWO_TICKS: Duration = Duration::from_millis(20);

/// A file, and what it said when it was last read.
#[derive(Debug)]
pub(crate) struct WatchedFile<T> {
    path: PathBuf,
    max_bytes: u64,
    last: Mutex<Option<Reading<T>>>,
}

/// What a file says.
#[derive(Debug)]
pub(crate) struct Reading<T> {
    pub(crate) content: Arc<T>,
    /// False when the file was touched a moment ago, so that somebody may still be writing it.
    pub(crate) settled: bool,
    stamp: Stamp,
}

impl<T> WatchedFile<T> {
    /// Of the lines beyond `max_bytes` nothing is read, so that no file can fill the memory.
    pub(crate) fn new(path: PathBuf, max_bytes: u64) -> Self {
        Self { path, max_bytes, last: Mutex::new(None) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What the file says now: `parse` of its text if it has changed, else what it said before.
    pub(crate) fn read(&self, parse: impl FnOnce(&Text) -> T) -> io::Result<Reading<T>> {
        let metadata = fs::metadata(&self.path)?;
        if let Some(reading) = &*self.last()
            && reading.settled
            && reading.stamp == Stamp::of(&metadata)
        {
            return Ok(reading.clone());
        }
        // Opening a pipe or a device could block for ever.
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
        }
        let (stamp, settled, text) = read(&self.path, self.max_bytes)?;
        let reading = Reading { content: Arc::new(parse(&text)), settled, stamp };
        // Two lookups may get here at once and store in either order. If the older reading wins,
        // its stamp differs from the file's, and the next lookup reads again.
        *self.last() = Some(reading.clone());
        Ok(reading)
    }

    fn last(&self) -> MutexGuard<'_, Option<Reading<T>>> {
        // A poisoned lock means that another thread panicked; the reading itself is replaced as a
        // whole, never half.
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Not derived: the content itself need not be `Clone`.
impl<T> Clone for Reading<T> {
    fn clone(&self) -> Self {
        Self { content: Arc::clone(&self.content), settled: self.settled, stamp: self.stamp }
    }
}

/// The bytes of a file.
pub(crate) struct Text {
    pub(crate) bytes: Vec<u8>,
    /// The file goes on, unread: what is here ends with a whole line.
    pub(crate) is_cut: bool,
}

impl Text {
    /// The lines with their numbers from 1, without their ends. Bytes that are not UTF-8 are shown
    /// as such and make sense to nobody.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, String)> {
        let lines = self.bytes.split(|byte| *byte == b'\n');
        lines.enumerate().map(|(index, line)| (index + 1, String::from_utf8_lossy(line).into()))
    }

    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec(), is_cut: false }
    }
}

/// What `stat` says about a file. `ctime` is in it because `touch` can set `mtime` back, but
/// nothing can set `ctime`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
fn read(path: &Path, max_bytes: u64) -> io::Result<(Stamp, bool, Text)> {
    let now = SystemTime::now();
    let file = File::open(path)?;
    let stamp = Stamp::of(&file.metadata()?);
    let mut bytes = Vec::new();
    // One byte more shows whether the file goes on.
    file.take(max_bytes + 1).read_to_end(&mut bytes)?;
    let is_cut = bytes.len() as u64 > max_bytes;
    if is_cut {
        // Half a line might be a line with another meaning.
        let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        bytes.truncate(end);
    }
    Ok((stamp, stamp.is_settled(now), Text { bytes, is_cut }))
}

#[cfg(test)]
mod tests;
