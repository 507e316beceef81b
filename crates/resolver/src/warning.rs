//! What is ignored in the files, reported once.
//!
//! A typo in one line must not take a service down, so a line that makes no sense is ignored, as
//! glibc ignores it. But glibc says nothing, and a name server that is missing because of a typo
//! is found only when the other one fails. So every such line is reported: once, not for every
//! lookup.

use std::{
    collections::HashSet,
    fmt,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// More different warnings than this are not reported: a file that is wrong from top to bottom, or
/// wrong in a new way each second, must not fill the logs or the memory.
const MAX_REPORTED: usize = 100;

/// Something in `resolv.conf` or in the hosts file that is ignored.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{path}: the {what} at line {line}: {problem}", path = path.display(), what = problem.what())]
pub struct Warning {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: Problem,
}

/// Why a line, or a part of it, is ignored.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A keyword that `man 5 resolv.conf` does not know.
    #[error("`{0}` is not a keyword; write nameserver, search, domain or options")]
    Keyword(String),
    /// A keyword with nothing behind it.
    #[error("`{0}` has no value; add one behind a blank, or remove the line")]
    NoValue(String),
    /// Blanks before the keyword.
    #[error("blanks stand before the keyword, so glibc ignores it; begin in the first column")]
    Indented,
    /// A `nameserver` that is not an address.
    #[error("`{0}` is not an IP address; give one without a port (RESOLV_PORT sets the port)")]
    NameServer(String),
    /// A fourth `nameserver`.
    #[error("only the first three name servers are asked; remove this one or another")]
    FourthNameServer,
    /// The `eth0` of `fe80::1%eth0`.
    #[error("there is no network interface `{0}`, so the server cannot be reached; correct it")]
    Interface(String),
    /// An option that nobody knows.
    #[error("`{0}` is not an option; `man 5 resolv.conf` lists them")]
    Option(String),
    /// An option with a value that is not a number.
    #[error("the value of `{0}` is not a number from 0 up; write it as ndots:5")]
    OptionValue(String),
    /// A directive or option of glibc that this crate does not have.
    #[error("`{0}` has no effect here; remove it, or see what the README says about it")]
    NotDone(String),
    /// A line of the hosts file that does not begin with an address.
    #[error("`{0}` is not an IP address; write an address, a blank, and names")]
    Host(String),
    /// A line of the hosts file without names.
    #[error("the address has no name; add one behind a blank, or remove the line")]
    HostWithoutName,
    /// The file goes on beyond what is read of it.
    #[error("the file is too long: nothing from here on is read; shorten it")]
    TooLong,
}

impl Problem {
    fn what(&self) -> &'static str {
        match self {
            Self::Host(_) | Self::HostWithoutName => "entry",
            _ => "directive",
        }
    }
}

/// A problem and its line, counted from 1, before it is known in which file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) line: usize,
    pub(crate) problem: Problem,
}

/// Hands each warning to the program once.
pub(crate) struct Reporter {
    report: Box<dyn Fn(&Warning) + Send + Sync>,
    reported: Mutex<HashSet<Warning>>,
}

impl Reporter {
    pub(crate) fn new(report: impl Fn(&Warning) + Send + Sync + 'static) -> Self {
        Self { report: Box::new(report), reported: Mutex::default() }
    }

    pub(crate) fn report(&self, path: &Path, findings: Vec<Finding>) {
        for Finding { line, problem } in findings {
            let warning = Warning { path: path.to_owned(), line, problem };
            if self.is_new(&warning) {
                (self.report)(&warning);
            }
        }
    }

    fn is_new(&self, warning: &Warning) -> bool {
        // A poisoned lock means that another thread panicked; a set of warnings is still one.
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        reported.len() < MAX_REPORTED && reported.insert(warning.clone())
    }
}

impl fmt::Debug for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reporter").field("reported", &self.reported).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    fn reporter() -> (Reporter, Arc<Mutex<Vec<String>>>) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let writer = Arc::clone(&seen);
        let report = move |warning: &Warning| writer.lock().unwrap().push(warning.to_string());
        (Reporter::new(report), seen)
    }

    #[test]
    fn a_warning_is_reported_once_however_often_the_file_is_read() {
        let (reporter, seen) = reporter();
        for _ in 0..3 {
            let problem = Problem::NameServer("127.0.0.1:53".to_owned());
            reporter.report(Path::new("/etc/resolv.conf"), vec![Finding { line: 1, problem }]);
        }
        let expected = "/etc/resolv.conf: the directive at line 1: `127.0.0.1:53` is not an IP \
                        address; give one without a port (RESOLV_PORT sets the port)";
        assert_eq!(*seen.lock().unwrap(), [expected]);
    }

    #[test]
    fn a_file_that_is_wrong_throughout_is_reported_up_to_a_limit() {
        let (reporter, seen) = reporter();
        for line in 1..1000 {
            reporter.report(Path::new("x"), vec![Finding { line, problem: Problem::Indented }]);
        }
        assert_eq!(seen.lock().unwrap().len(), MAX_REPORTED);
    }
}
