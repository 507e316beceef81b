//! The archive of an image: blobs named by their digests, and the files that say what they are.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

use super::sha256;

/// Files by name, so that the same content is written in the same order.
#[derive(Default)]
pub(super) struct Archive {
    files: BTreeMap<String, Vec<u8>>,
}

impl Archive {
    /// Adds a blob; returns its descriptor.
    pub(super) fn blob(&mut self, media_type: &str, bytes: Vec<u8>) -> Value {
        let (digest, size) = (sha256(&bytes), bytes.len());
        self.files.insert(format!("blobs/sha256/{digest}"), bytes);
        json!({"mediaType": media_type, "digest": format!("sha256:{digest}"), "size": size})
    }

    /// Adds a file.
    pub(super) fn file(&mut self, name: &str, bytes: Vec<u8>) {
        self.files.insert(name.to_owned(), bytes);
    }

    /// Writes the archive in one step: a reader sees all of it or nothing.
    pub(super) fn write(&self, file: &Path) -> io::Result<()> {
        let part = file.with_extension("part");
        let mut tar = tar::Builder::new(io::BufWriter::new(std::fs::File::create(&part)?));
        for (name, bytes) in &self.files {
            append(&mut tar, name, bytes, 0o644)?;
        }
        tar.into_inner()?.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        std::fs::rename(part, file)
    }
}

/// The digest of the image in an archive; none when it is not there, or is something else.
pub(super) fn digest(file: &Path) -> Option<String> {
    let mut archive = tar::Archive::new(std::fs::File::open(file).ok()?);
    let mut entries = archive.entries().ok()?.filter_map(Result::ok);
    let index =
        entries.find(|entry| entry.path().is_ok_and(|path| path == Path::new("index.json")));
    let index: Value = serde_json::from_reader(index?).ok()?;
    Some(index["manifests"][0]["digest"].as_str()?.to_owned())
}

/// Removes the archives of earlier programs, which nobody would load any more.
pub(super) fn remove_others(folder: &Path, file: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("tales-") && name.ends_with(".tar") && entry.path() != file {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Adds a file of nobody in particular, of no time in particular.
pub(super) fn append(
    tar: &mut tar::Builder<impl io::Write>,
    name: &str,
    bytes: &[u8],
    mode: u32,
) -> io::Result<()> {
    let mut header = header(tar::EntryType::Regular, mode);
    header.set_size(bytes.len() as u64);
    tar.append_data(&mut header, name, bytes)
}

/// What every entry says: that it is root's, and of no time in particular.
pub(super) fn header(kind: tar::EntryType, mode: u32) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}
