//! The hosts file: names that are known without DNS (`man 5 hosts`).
//!
//! Each line is an address and the names for it. A name counts as a whole and as it was typed,
//! without regard to upper and lower case; there is no search list. Of several lines for one name
//! all count, in their order, as with `multi on` in `/etc/host.conf`, which is what distributions
//! set.
//!
//! A writer that rewrites the file in place may be met half-way, when names are missing. They then
//! go to DNS for an instant, as in glibc.

use std::{collections::HashMap, io, net::IpAddr, path::PathBuf, sync::Arc};

use crate::{
    warning::{Finding, Problem, Reporter},
    watched_file::{Text, WatchedFile},
};

/// Longest file that is read: room for some ten thousand names.
const MAX_BYTES: u64 = 1024 * 1024;

/// The addresses of each name, which is in lower case.
pub(crate) type Table = HashMap<String, Vec<IpAddr>>;

/// The file.
#[derive(Debug)]
pub(crate) struct Hosts {
    file: WatchedFile<Table>,
    warnings: Arc<Reporter>,
}

impl Hosts {
    pub(crate) fn new(path: PathBuf, warnings: Arc<Reporter>) -> Self {
        Self { file: WatchedFile::new(path, MAX_BYTES), warnings }
    }

    /// The addresses that the file now has for `name`. A file that is missing or unreadable has
    /// none for anybody, and DNS is asked, as in glibc.
    pub(crate) fn find(&self, name: &str) -> Option<Vec<IpAddr>> {
        self.read().ok()?.get(&name.to_ascii_lowercase()).cloned()
    }

    fn read(&self) -> io::Result<Arc<Table>> {
        let parse = |text: &_| {
            let (table, findings) = parse(text);
            self.warnings.report(self.file.path(), findings);
            table
        };
        self.file.read(parse).map(|reading| reading.content)
    }
}

/// Reads what can be read, and says what cannot.
pub(crate) fn parse(text: &Text) -> (Table, Vec<Finding>) {
    let mut table = Table::new();
    let mut findings = Vec::new();
    let mut last = 0;
    for (line, text) in text.lines() {
        last = line;
        match entry(&text) {
            Ok(None) => {}
            Ok(Some((address, names))) => {
                for name in names {
                    let addresses = table.entry(name.to_ascii_lowercase()).or_default();
                    // The same line twice is one address, not two.
                    if !addresses.contains(&address) {
                        addresses.push(address);
                    }
                }
            }
            Err(problem) => findings.push(Finding { line, problem }),
        }
    }
    if text.is_cut {
        findings.push(Finding { line: last, problem: Problem::TooLong });
    }
    (table, findings)
}

/// Address and names of one line; `None` if it is empty or a comment.
fn entry(line: &str) -> Result<Option<(IpAddr, Vec<&str>)>, Problem> {
    let content = line.split('#').next().unwrap_or_default();
    let mut words = content.split_ascii_whitespace();
    let Some(address) = words.next() else {
        return Ok(None);
    };
    // Only the form with four parts counts here, as in glibc.
    let address = address.parse().map_err(|_| Problem::Host(address.to_owned()))?;
    let names: Vec<&str> = words.collect();
    if names.is_empty() {
        return Err(Problem::HostWithoutName);
    }
    Ok(Some((address, names)))
}

#[cfg(test)]
mod tests;
