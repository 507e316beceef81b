//! What a server still knows after a restart: its zone, in a file, as the messages of a transfer.
//!
//! The time of the file says when the primary last confirmed it, so that a copy expires while the
//! server is off, too.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::base::{Message, Rtype, ToName};

use crate::collect::{Collector, Fetched};
use crate::history::History;
use crate::outgoing::Transfer;
use crate::zone::{Entry, Owner};

/// A folder to keep the zone in, or none.
#[derive(Clone, Debug)]
pub struct Keeper {
    file: Option<PathBuf>,
}

impl Keeper {
    /// For one zone.
    pub fn new(folder: Option<&Path>, apex: &Owner) -> Self {
        Self { file: folder.map(|folder| folder.join(format!("{apex}.axfr"))) }
    }

    /// What was kept, and when it was last confirmed, in Unix time.
    ///
    /// # Errors
    /// The file cannot be read, or is damaged.
    pub fn load(&self, apex: &Owner) -> io::Result<Option<(Vec<Entry>, u32)>> {
        let Some(file) = &self.file else { return Ok(None) };
        let bytes = match fs::read(file) {
            Err(why) if why.kind() == ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        let confirmed = fs::metadata(file)?.modified()?;
        let confirmed = confirmed.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let entries = read(&bytes, apex).ok_or_else(|| {
            let why = format!("{} is damaged; remove it to begin anew", file.display());
            io::Error::new(ErrorKind::InvalidData, why)
        })?;
        Ok(Some((entries, u32::try_from(confirmed).unwrap_or(u32::MAX))))
    }

    /// Keeps a version, whole or not at all. A disk that is full is no reason not to serve.
    pub fn keep(&self, history: &History) {
        let Some(file) = &self.file else { return };
        if let Err(why) = write(file, history) {
            tracing::error!(file = %file.display(), %why, "cannot keep the zone");
        }
    }

    /// The primary has confirmed the version that is kept.
    pub fn confirm(&self, now: u32) {
        let Some(file) = &self.file else { return };
        let time: SystemTime = UNIX_EPOCH + Duration::from_secs(now.into());
        let confirmed = File::options().append(true).open(file);
        if let Err(why) = confirmed.and_then(|file| file.set_modified(time)) {
            tracing::error!(file = %file.display(), %why, "cannot keep the time of confirmation");
        }
    }
}

fn write(path: &Path, history: &History) -> io::Result<()> {
    let (new, apex) = (path.with_extension("new"), history.zone.apex());
    let mut file = io::BufWriter::new(File::create(&new)?);
    let question = (apex.to_vec(), Rtype::AXFR);
    for message in Transfer::new(history, (0, question), None, None) {
        let length = u16::try_from(message.len()).map_err(io::Error::other)?;
        file.write_all(&length.to_be_bytes())?;
        file.write_all(&message)?;
    }
    file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    fs::rename(new, path)
}

/// The records in the messages of a file; none if it does not end as it should.
pub fn read(mut bytes: &[u8], apex: &Owner) -> Option<Vec<Entry>> {
    let mut collector = Collector::new(apex.clone(), None, usize::MAX);
    loop {
        let (length, rest) = bytes.split_first_chunk::<2>()?;
        let (message, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        bytes = rest;
        let message = Message::from_octets(message.to_vec()).ok()?;
        match collector.take(&message).ok()? {
            Some(Fetched::Whole(entries)) => return Some(entries),
            Some(_) => return None,
            None => {}
        }
    }
}
