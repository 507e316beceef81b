//! The write-ahead journal: what may be injected, on disk before it is injected.
//!
//! One JSON object per line: `begin` before each apply (synced to disk), `end` after the fault is
//! gone. After a crash the file lists every target that may still be under a fault. All of them are
//! recovered: recovering what was never applied does no harm.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::target::Target;

/// An idle journal longer than this is emptied.
const COMPACT_BYTES: u64 = 1 << 20;

/// A fault that may be in place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JournalEntry {
    /// The experiment, for messages: `dnschaos/name in namespace default`.
    pub experiment: String,
    /// The name of the fault on its target; empty in journals of earlier versions.
    #[serde(default)]
    pub id: String,
    /// The fault.
    pub fault: Fault,
    /// What it was injected into.
    pub target: Target,
    /// When it lapses by itself.
    pub expires: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line {
    Begin { id: u64, fault: Box<JournalEntry> },
    End { id: u64 },
}

/// Lists what a journal says may still be injected; empty when there is no journal.
///
/// # Errors
/// The file cannot be read, or a line that is not the last one is damaged.
pub fn replay(path: &Path) -> io::Result<Vec<JournalEntry>> {
    Ok(open_entries(path)?.into_values().collect())
}

/// The journal of a running engine.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    next_id: u64,
    open: BTreeMap<u64, JournalEntry>,
}

impl Journal {
    /// Opens or creates the journal; what was left open by an earlier process stays listed in
    /// [`Journal::open_entries`].
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let open = open_entries(path)?;
        let next_id = open.keys().max().map_or(0, |id| id + 1);
        // Rewritten beside and renamed, so that a crash in between loses nothing.
        let fresh = path.with_extension("new");
        let mut file = OpenOptions::new().create(true).write(true).truncate(true).open(&fresh)?;
        file.write_all(&lines(
            open.iter().map(|(id, fault)| Line::Begin { id: *id, fault: Box::new(fault.clone()) }),
        )?)?;
        file.sync_all()?;
        std::fs::rename(&fresh, path)?;
        let file = OpenOptions::new().append(true).open(path)?;
        Ok(Self { file, next_id, open })
    }

    /// Writes that these faults are about to be injected and waits for the disk. One sync covers
    /// them all.
    pub(crate) fn begin(&mut self, faults: Vec<JournalEntry>) -> io::Result<Vec<u64>> {
        let ids: Vec<u64> = (self.next_id..).take(faults.len()).collect();
        self.file.write_all(&lines(
            ids.iter()
                .zip(&faults)
                .map(|(id, fault)| Line::Begin { id: *id, fault: Box::new(fault.clone()) }),
        )?)?;
        self.file.sync_data()?;
        self.next_id += ids.len() as u64;
        self.open.extend(ids.iter().copied().zip(faults));
        Ok(ids)
    }

    /// Writes that these faults are gone. Not synced: a lost line only makes a later replay recover
    /// once more.
    pub(crate) fn end(&mut self, ids: &[u64]) -> io::Result<()> {
        self.open.retain(|id, _| !ids.contains(id));
        if self.open.is_empty() && self.file.metadata()?.len() > COMPACT_BYTES {
            return self.file.set_len(0);
        }
        self.file.write_all(&lines(ids.iter().map(|id| Line::End { id: *id }))?)
    }

    /// What may be injected, by number.
    pub(crate) fn open_entries(&self) -> &BTreeMap<u64, JournalEntry> {
        &self.open
    }
}

fn lines(entries: impl Iterator<Item = Line>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for entry in entries {
        serde_json::to_writer(&mut bytes, &entry)?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}

fn open_entries(path: &Path) -> io::Result<BTreeMap<u64, JournalEntry>> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        other => other?,
    };
    let mut open = BTreeMap::new();
    // The last line may be cut off by a crash: it was not synced, so its fault was not injected.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    for (index, line) in whole.lines().enumerate() {
        let damaged = |error| io::Error::other(format!("line {}: {error}", index + 1));
        match serde_json::from_str(line).map_err(damaged)? {
            Line::Begin { id, fault } => drop(open.insert(id, *fault)),
            Line::End { id } => drop(open.remove(&id)),
        }
    }
    Ok(open)
}

#[cfg(test)]
mod tests;
