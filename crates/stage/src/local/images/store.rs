//! What was pulled, each piece under what it is. A piece that is there is whole: it is moved into
//! place only when its digest is right.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use oci::{Digest, Hasher};

/// A folder of content. Removed with the value.
pub(super) struct Store {
    dir: PathBuf,
    next: AtomicU64,
}

/// A piece on its way.
pub(super) struct Incoming {
    file: File,
    /// Removed, unless it is kept.
    path: PathBuf,
    hasher: Hasher,
    digest: Digest,
    pub(super) bytes: u64,
}

impl Store {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self { dir, next: AtomicU64::new(0) }
    }

    pub(super) fn has(&self, digest: &Digest) -> bool {
        self.path(digest).is_file()
    }

    /// A manifest that is there.
    pub(super) fn read(&self, digest: &Digest) -> Option<Vec<u8>> {
        std::fs::read(self.path(digest)).ok()
    }

    /// Begins a piece.
    pub(super) fn begin(&self, digest: &Digest) -> io::Result<Incoming> {
        let path = self.path(digest);
        let path =
            path.with_extension(format!("{}.part", self.next.fetch_add(1, Ordering::Relaxed)));
        std::fs::create_dir_all(path.parent().unwrap_or(&self.dir))?;
        let (file, hasher) = (File::create(&path)?, Hasher::new(digest.algorithm()));
        Ok(Incoming { file, path, hasher, digest: digest.clone(), bytes: 0 })
    }

    /// Keeps a piece, if it is what it is called; says whether.
    pub(super) fn keep(&self, mut incoming: Incoming) -> io::Result<bool> {
        let hasher = Hasher::new(incoming.digest.algorithm());
        let found = std::mem::replace(&mut incoming.hasher, hasher).finish();
        let right = found == incoming.digest;
        if right {
            std::fs::rename(&incoming.path, self.path(&incoming.digest))?;
        }
        Ok(right)
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.dir.join(digest.algorithm().as_str()).join(digest.hex())
    }
}

impl Incoming {
    pub(super) fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.file.write_all(piece)?;
        self.hasher.update(piece);
        self.bytes += piece.len() as u64;
        Ok(())
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path); // not there any more if it was kept
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}
