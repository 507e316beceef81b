//! What each repository calls its own: manifests, tags, blobs, and what refers to what.
//!
//! Content is stored once, whoever has it. That a repository has it is a small file of its own, so
//! that nobody reads by its digest what was pushed elsewhere.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::PathBuf;

use oci::manifest::{Descriptor, MAX_BYTES, Manifest};
use oci::{Digest, Name, Reference, Tag};

use crate::store::Store;

/// No name of a repository begins with this.
const MANIFESTS: &str = "_manifests";
const TAGS: &str = "_tags";
const BLOBS: &str = "_blobs";
const REFERRERS: &str = "_referrers";

/// All of them. Cloning is cheap.
#[derive(Clone)]
pub struct Repositories {
    store: Store,
}

/// A manifest as it was pushed.
#[derive(Clone, Debug)]
pub struct Stored {
    /// What it is.
    pub digest: Digest,
    /// Its Content-Type.
    pub media_type: String,
    /// Itself.
    pub bytes: Vec<u8>,
}

impl Repositories {
    /// In this folder.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// Where content is.
    pub fn store(&self) -> &Store {
        &self.store
    }

    fn path(&self, name: &Name, what: &str) -> PathBuf {
        self.store.root().join("repositories").join(name.as_str()).join(what)
    }

    fn link(&self, name: &Name, what: &str, digest: &Digest) -> PathBuf {
        self.path(name, what).join(digest.algorithm().as_str()).join(digest.hex())
    }

    /// Whether anything was ever pushed to it.
    pub fn is_known(&self, name: &Name) -> bool {
        [MANIFESTS, BLOBS].iter().any(|what| self.path(name, what).is_dir())
    }

    /// Bytes of a blob of this repository.
    pub fn blob(&self, name: &Name, digest: &Digest) -> Option<u64> {
        let is_linked = self.link(name, BLOBS, digest).is_file();
        self.store.size(digest).filter(|_| is_linked)
    }

    /// The repository has this blob, which is in the store.
    ///
    /// # Errors
    /// It cannot be kept.
    pub fn add_blob(&self, name: &Name, digest: &Digest) -> io::Result<()> {
        self.store.write(&self.link(name, BLOBS, digest), b"")
    }

    /// What a tag leads to.
    pub fn tagged(&self, name: &Name, tag: &Tag) -> Option<Digest> {
        fs::read_to_string(self.path(name, TAGS).join(tag.as_str())).ok()?.parse().ok()
    }

    /// A manifest.
    ///
    /// # Errors
    /// The disk fails.
    pub fn manifest(&self, name: &Name, reference: &Reference) -> io::Result<Option<Stored>> {
        let digest = match reference {
            Reference::Tag(tag) => self.tagged(name, tag),
            Reference::Digest(digest) => Some(digest.clone()),
        };
        let Some(digest) = digest else { return Ok(None) };
        let read = fs::read_to_string(self.link(name, MANIFESTS, &digest));
        let Some(media_type) = found(read)? else { return Ok(None) };
        let Some(bytes) = found(fs::read(self.store.path(&digest)))? else { return Ok(None) };
        if bytes.len() > MAX_BYTES || !digest.fits(&bytes) {
            self.store.put_aside(&digest);
            return Ok(None);
        }
        Ok(Some(Stored { digest, media_type, bytes }))
    }

    /// Keeps a manifest: first itself, then what leads to it.
    ///
    /// # Errors
    /// It cannot be kept.
    pub fn add_manifest(
        &self,
        name: &Name,
        tag: Option<&Tag>,
        stored: &Stored,
        parsed: &Manifest,
    ) -> io::Result<()> {
        let Stored { digest, media_type, bytes } = stored;
        let mut arriving = self.store.arriving()?;
        arriving.write(bytes)?;
        arriving.adopt(digest)?;
        self.store.write(&self.link(name, MANIFESTS, digest), media_type.as_bytes())?;
        if let Some(subject) = parsed.about() {
            let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            let described = parsed.described(media_type, digest, size);
            let folder = self.link(name, REFERRERS, &subject);
            let file = folder.join(format!("{}-{}", digest.algorithm().as_str(), digest.hex()));
            self.store.write(&file, &serde_json::to_vec(&described)?)?;
        }
        match tag {
            Some(tag) => {
                let file = self.path(name, TAGS).join(tag.as_str());
                self.store.write(&file, digest.to_string().as_bytes())
            }
            None => Ok(()),
        }
    }

    /// The tags in order.
    ///
    /// # Errors
    /// The disk fails.
    pub fn tags(&self, name: &Name) -> io::Result<Vec<String>> {
        self.names(self.path(name, TAGS))
    }

    /// What refers to this.
    ///
    /// # Errors
    /// The disk fails.
    pub fn referrers(&self, name: &Name, subject: &Digest) -> io::Result<Vec<Descriptor>> {
        let folder = self.link(name, REFERRERS, subject);
        let files = self.names(folder.clone())?.into_iter();
        files.map(|file| Ok(serde_json::from_slice(&fs::read(folder.join(file))?)?)).collect()
    }

    fn names(&self, folder: PathBuf) -> io::Result<Vec<String>> {
        let entries = found(fs::read_dir(folder))?.into_iter().flatten();
        let names: io::Result<Vec<_>> = entries.map(|entry| Ok(entry?.file_name())).collect();
        let mut names: Vec<String> =
            names?.into_iter().filter_map(|name| name.into_string().ok()).collect();
        names.sort();
        Ok(names)
    }
}

/// None where there is nothing.
fn found<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Ok(found) => Ok(Some(found)),
        Err(why) if why.kind() == ErrorKind::NotFound => Ok(None),
        Err(why) => Err(why),
    }
}
