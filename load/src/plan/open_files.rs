//! How many files the kernel lets this process open; every connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::error::{PlanError, refuse};

/// File descriptors beside the connections: standard streams, runtimes, name servers, scrapes.
const SPARE_FILES: u64 = 64;

/// Raises the limit of open files if need be. Without this check, a run would fail in the middle
/// with connect errors that are its own fault.
pub(crate) fn allow(connections: usize) -> Result<(), PlanError> {
    let needed = connections as u64 + SPARE_FILES;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    let wanted = Rlimit { current: Some(needed), maximum: limit.maximum };
    setrlimit(Resource::Nofile, wanted).or_else(|_| {
        let allowed = limit.maximum.unwrap_or(u64::MAX);
        refuse(format!("--connections {connections}: only {allowed} files may be open; give fewer, or raise `ulimit -n`"))
    })
}
