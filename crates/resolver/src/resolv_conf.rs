//! `resolv.conf`, as it is now.

mod options;
mod parse;

pub(crate) use parse::parse;

use std::{io, path::PathBuf, sync::Arc};

use crate::{
    settings::Settings,
    warning::Reporter,
    watched_file::{Reading, TWO_TICKS, WatchedFile},
};

/// Longest file that is read: a hundred times what a real one needs.
const MAX_BYTES: u64 = 64 * 1024;

/// The file, and the port of the servers that it names.
#[derive(Debug)]
pub(crate) struct ResolvConf {
    file: WatchedFile<Settings>,
    port: u16,
    warnings: Arc<Reporter>,
}

impl ResolvConf {
    pub(crate) fn new(path: PathBuf, port: u16, warnings: Arc<Reporter>) -> Self {
        Self { file: WatchedFile::new(path, MAX_BYTES), port, warnings }
    }

    /// What the file says now; at least one server.
    ///
    /// A writer that rewrites in place empties the file first. Meeting it in that instant would
    /// fail a lookup for no reason, so a file that is unusable *and* was touched a moment ago gets
    /// a second look.
    pub(crate) async fn current(&self) -> Result<Arc<Settings>, ResolvConfError> {
        let mut reading = self.read()?;
        if reading.content.nameservers.is_empty() && !reading.settled {
            tokio::time::sleep(TWO_TICKS).await;
            reading = self.read()?;
        }
        if reading.content.nameservers.is_empty() {
            return Err(ResolvConfError::NoNameserver { path: self.file.path().to_owned() });
        }
        Ok(reading.content)
    }

    fn read(&self) -> Result<Reading<Settings>, ResolvConfError> {
        let parse = |text: &_| {
            let (settings, findings) = parse(text, self.port);
            self.warnings.report(self.file.path(), findings);
            settings
        };
        self.file.read(parse).map_err(|source| ResolvConfError::Unreadable {
            path: self.file.path().to_owned(),
            source,
        })
    }
}

/// `resolv.conf` cannot be used. The program goes on, and lookups work again as soon as the file
/// does.
#[derive(Debug, thiserror::Error)]
pub enum ResolvConfError {
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
    },
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, File},
        time::{Duration, SystemTime},
    };

    use super::*;

    #[tokio::test]
    async fn a_file_met_while_it_is_being_rewritten_gets_a_second_look() {
        let path = tempfile::NamedTempFile::new().unwrap();
        // A time stamp from the future never settles, however slow the machine.
        let future = SystemTime::now() + Duration::from_secs(3600);
        File::options().write(true).open(&path).unwrap().set_modified(future).unwrap();
        let warnings = Arc::new(Reporter::new(|_| {}));
        let conf = ResolvConf::new(path.path().to_owned(), 53, warnings);
        // `join!` polls in this order: the look meets the empty file and waits, then the writer
        // finishes.
        let (look, ()) = tokio::join!(conf.current(), async {
            fs::write(&path, "nameserver 127.0.0.2").unwrap();
        });
        assert_eq!(look.unwrap().nameservers.len(), 1);
    }
}
