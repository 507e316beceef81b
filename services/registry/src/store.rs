//! A folder of content that is called by what it is.
//!
//! *Lesson: a file is there when it is whole.* Bytes arrive under another name, are checked against
//! their digest, forced to the disk, and only then renamed. Whoever is killed half-way, or has no
//! room left, leaves a file that nobody asks for, and the next start removes it.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use oci::Digest;
use rocket::tokio::task::spawn_blocking;
use tempfile::TempDir;

/// What has arrived, and is not whole yet.
const ARRIVING: &str = "arriving";
/// What turned out not to be what it is called.
const DAMAGED: &str = "damaged";

/// The folder. Cloning is cheap.
#[derive(Clone)]
pub struct Store {
    root: PathBuf,
    /// Bytes that it may hold; 0 for as many as the disk has.
    limit: u64,
    used: Arc<AtomicU64>,
    /// Bytes of what is not whole yet.
    arriving: Arc<AtomicU64>,
    next: Arc<AtomicU64>,
    /// Of a registry that keeps nothing: removed with it.
    _temporary: Option<Arc<TempDir>>,
}

impl Store {
    /// Opens the folder, and makes it if need be. Without one, content lasts as long as this.
    ///
    /// # Errors
    /// It cannot be written to.
    pub fn open(folder: Option<PathBuf>, limit: u64) -> io::Result<Self> {
        let temporary = folder.is_none().then(tempfile::tempdir).transpose()?.map(Arc::new);
        let root = folder.or_else(|| Some(temporary.as_ref()?.path().to_owned()));
        let root = root.unwrap_or_default();
        match fs::remove_dir_all(root.join(ARRIVING)) {
            Err(why) if why.kind() != ErrorKind::NotFound => return Err(why),
            _ => fs::create_dir_all(root.join(ARRIVING))?,
        }
        let mut used = 0;
        for algorithm in ["sha256", "sha512"] {
            let folder = root.join("blobs").join(algorithm);
            fs::create_dir_all(&folder)?;
            for entry in fs::read_dir(folder)? {
                used += entry?.metadata()?.len();
            }
        }
        let used = Arc::new(AtomicU64::new(used));
        let (arriving, next) = (Arc::default(), Arc::default());
        Ok(Self { root, limit, used, arriving, next, _temporary: temporary })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Bytes of content.
    pub fn used(&self) -> u64 {
        self.used.load(Relaxed)
    }

    /// Where content is, or would be.
    pub fn path(&self, digest: &Digest) -> PathBuf {
        self.root.join("blobs").join(digest.algorithm().as_str()).join(digest.hex())
    }

    /// Bytes of what has this digest, if it is there.
    pub fn size(&self, digest: &Digest) -> Option<u64> {
        fs::metadata(self.path(digest)).ok().map(|found| found.len())
    }

    /// A file for what arrives.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn arriving(&self) -> io::Result<Arriving> {
        let number = self.next.fetch_add(1, Relaxed);
        let path = self.root.join(ARRIVING).join(number.to_string());
        let file = File::options().write(true).create_new(true).open(&path)?;
        Ok(Arriving { file, path, size: 0, store: self.clone() })
    }

    /// Writes a small file, whole or not at all: what was there before is there until then.
    ///
    /// # Errors
    /// There is no room, or no permission.
    pub fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut arriving = self.arriving()?;
        arriving.write(bytes)?;
        arriving.move_to(path)
    }

    /// Puts content aside that is not what it is called: it is not served again, and can be pushed
    /// or fetched anew.
    pub fn put_aside(&self, digest: &Digest) {
        let (path, aside) = (self.path(digest), self.root.join(DAMAGED));
        tracing::error!(%digest, "this content is damaged; push it again");
        let size = self.size(digest).unwrap_or_default();
        let moved = fs::create_dir_all(&aside);
        if moved.and_then(|()| fs::rename(path, aside.join(digest.hex()))).is_ok() {
            let _ =
                self.used.fetch_update(Relaxed, Relaxed, |used| Some(used.saturating_sub(size)));
        }
    }

    fn has_room(&self, more: u64) -> bool {
        let taken = self.used().saturating_add(self.arriving.load(Relaxed));
        self.limit == 0 || taken.saturating_add(more) <= self.limit
    }
}

/// A file that is not whole yet. Dropped, it is gone.
pub struct Arriving {
    file: File,
    path: PathBuf,
    size: u64,
    store: Store,
}

impl Arriving {
    /// Bytes so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends.
    ///
    /// # Errors
    /// There is no room (`StorageFull`), or no permission.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let more = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if !self.store.has_room(more) {
            return Err(ErrorKind::StorageFull.into());
        }
        // After what is there: of a write that failed half-way, something may be left.
        self.file.write_all_at(bytes, self.size)?;
        self.size += more;
        self.store.arriving.fetch_add(more, Relaxed);
        Ok(())
    }

    /// It is whole, and has this digest: the caller has looked.
    ///
    /// # Errors
    /// It cannot be kept.
    pub fn adopt(self, digest: &Digest) -> io::Result<()> {
        let (store, size, path) = (self.store.clone(), self.size, self.store.path(digest));
        let known = store.size(digest).unwrap_or_default();
        self.move_to(&path)?;
        store.used.fetch_add(size.saturating_sub(known), Relaxed);
        Ok(())
    }

    fn move_to(self, path: &Path) -> io::Result<()> {
        self.file.set_len(self.size)?;
        self.file.sync_all()?;
        let folder = path.parent().unwrap_or(&self.store.root);
        fs::create_dir_all(folder)?;
        fs::rename(&self.path, path)?;
        // The name, too.
        File::open(folder)?.sync_all()
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        self.store.arriving.fetch_sub(self.size, Relaxed);
        // It is not there any more if it was adopted.
        let _ = fs::remove_file(&self.path);
    }
}

/// Work that waits for the disk, on a thread that may wait.
///
/// # Errors
/// The work's own, or it panicked.
pub async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn what_a_failed_write_left_behind_is_no_part_of_the_content() {
        let store = Store::open(None, 100).unwrap();
        for more in [&b" and cake"[..], b""] {
            let mut arriving = store.arriving().unwrap();
            arriving.write(b"tea").unwrap();
            let mut file = File::options().append(true).open(arriving.path()).unwrap();
            file.write_all(b"half of something").unwrap();
            arriving.write(more).unwrap();
            let content = [b"tea", more].concat();
            let digest = Digest::of(&content);
            arriving.adopt(&digest).unwrap();
            assert_eq!(fs::read(store.path(&digest)).unwrap(), content);
        }
        assert_eq!((store.used(), store.arriving.load(Relaxed)), (15, 0));
    }

    #[test]
    fn all_that_arrives_together_has_to_fit() {
        let store = Store::open(None, 100).unwrap();
        let [mut first, mut second] = [store.arriving().unwrap(), store.arriving().unwrap()];
        first.write(&[1; 60]).unwrap();
        assert_eq!(second.write(&[2; 60]).unwrap_err().kind(), ErrorKind::StorageFull);
        drop(first);
        second.write(&[2; 60]).unwrap();
    }
}
