//! The one layer of an image: a tar file whose bytes depend on nothing but what is in it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use tar::{Builder, EntryType, Header};

use crate::image::Entry;

/// In memory.
pub(crate) fn tar(entries: &BTreeMap<String, Entry>) -> Vec<u8> {
    write(entries, Vec::new())
}

/// Sorted, without times and owners. `to` takes whatever is written to it.
pub(crate) fn write<W: Write>(entries: &BTreeMap<String, Entry>, to: W) -> W {
    let mut tar = Builder::new(to);
    for folder in folders(entries) {
        let mode = match entries.get(&format!("/{folder}")) {
            Some(Entry::SharedFolder) => 0o1777,
            _ => 0o755,
        };
        append(&mut tar, EntryType::Directory, mode, &folder, &[]);
    }
    for (path, entry) in entries {
        let path = path.trim_start_matches('/');
        match entry {
            Entry::File { bytes, executable } => {
                let mode = if *executable { 0o755 } else { 0o644 };
                append(&mut tar, EntryType::Regular, mode, path, bytes);
            }
            Entry::Link(to) => {
                let mut header = header(EntryType::Symlink, 0o777, 0);
                tar.append_link(&mut header, path, to).expect(TO_MEMORY);
            }
            Entry::SharedFolder => {}
        }
    }
    tar.into_inner().expect(TO_MEMORY)
}

/// Why nothing of this fails.
const TO_MEMORY: &str = "memory takes what is written";

/// Every folder on the way to an entry, parents first.
fn folders(entries: &BTreeMap<String, Entry>) -> BTreeSet<String> {
    let mut folders = BTreeSet::new();
    for (path, entry) in entries {
        let mut path = path.trim_start_matches('/');
        if matches!(entry, Entry::SharedFolder) {
            folders.insert(path.to_owned());
        }
        while let Some((folder, _)) = path.rsplit_once('/') {
            folders.insert(folder.to_owned());
            path = folder;
        }
    }
    folders
}

fn append<W: Write>(tar: &mut Builder<W>, kind: EntryType, mode: u32, path: &str, bytes: &[u8]) {
    let mut header = header(kind, mode, bytes.len() as u64);
    tar.append_data(&mut header, path, bytes).expect(TO_MEMORY);
}

fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}
