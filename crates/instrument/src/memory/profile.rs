//! Heap profiles: who allocated the memory that is held now. For Parca or Pyroscope to scrape, and
//! as a flame graph.
//!
//! jemalloc samples about one allocation in 512 KiB with its call stack. The usual way to put names
//! to those addresses loads the debug information of the whole program and keeps it: +40 to +145
//! MB, a step in RSS just like the leak one is looking for. Here names come from the symbol table
//! alone, read from the file and dropped again.

mod pprof;
mod symbols;

use std::collections::BTreeMap;
use std::fmt::Write;

use jemalloc_pprof::{PROF_CTL, StackProfile};
use rocket::tokio::task::spawn_blocking;

use pprof::Profile;
use symbols::Symbols;

/// Why there is no profile.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoProfile {
    #[error("heap profiling is off: start the service with HEAP_PROFILE=true")]
    Off,
    #[error("a heap profile is being made for somebody else; ask again in a moment")]
    Busy,
    #[error(
        "no heap profile: {0}; jemalloc writes it to a file first: is the temporary folder writable?"
    )]
    Failed(String),
}

impl NoProfile {
    /// Is it worth asking again?
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self, Self::Busy)
    }
}

/// Starts sampling. Only what is allocated from now on is seen.
///
/// # Errors
/// If `MALLOC_CONF` has switched profiling off altogether.
pub(crate) async fn activate() -> Result<(), NoProfile> {
    let control = PROF_CTL.as_ref().ok_or(NoProfile::Off)?;
    control.lock().await.activate().map_err(|why| NoProfile::Failed(why.to_string()))
}

/// The heap in pprof's format, gzipped.
pub(crate) async fn pprof() -> Result<Vec<u8>, NoProfile> {
    one_at_a_time(to_pprof).await
}

/// The heap as a flame graph: one self-contained SVG, the widest frames hold the most bytes.
pub(crate) async fn flamegraph(title: &'static str) -> Result<Vec<u8>, NoProfile> {
    one_at_a_time(move |profile| to_flamegraph(profile, title)).await
}

/// Takes a profile and makes something of it, while nobody else does: each holds the whole profile
/// and the program's symbols. On a thread of its own, so that metrics are answered meanwhile.
async fn one_at_a_time(
    make: impl FnOnce(&StackProfile) -> Result<Vec<u8>, NoProfile> + Send + 'static,
) -> Result<Vec<u8>, NoProfile> {
    let control = PROF_CTL.as_ref().ok_or(NoProfile::Off)?;
    let mut control = control.clone().try_lock_owned().map_err(|_| NoProfile::Busy)?;
    let made = spawn_blocking(move || {
        if !control.activated() {
            return Err(NoProfile::Off);
        }
        let profile = control.dump_profile();
        make(&profile.map_err(|why| NoProfile::Failed(why.to_string()))?)
    });
    made.await.map_err(|why| NoProfile::Failed(why.to_string()))?
}

fn to_pprof(profile: &StackProfile) -> Result<Vec<u8>, NoProfile> {
    let symbols = Symbols::of_this_program().map_err(|why| NoProfile::Failed(why.to_string()))?;
    let mut out = Profile::new("inuse_space", "bytes");
    for (stack, _) in &profile.stacks {
        let frames =
            stack.addrs.iter().rev().map(|address| symbols.name(&profile.mappings, *address));
        out.push(frames, stack.weight as i64);
    }
    out.gzip().map_err(|why| NoProfile::Failed(why.to_string()))
}

fn to_flamegraph(profile: &StackProfile, title: &str) -> Result<Vec<u8>, NoProfile> {
    let symbols = Symbols::of_this_program().map_err(|why| NoProfile::Failed(why.to_string()))?;
    let mut folded = BTreeMap::<String, u64>::new();
    for (stack, _) in &profile.stacks {
        let mut line = String::new();
        for address in &stack.addrs {
            let separator = if line.is_empty() { "" } else { ";" };
            let _ = write!(line, "{separator}{}", symbols.name(&profile.mappings, *address));
        }
        *folded.entry(line).or_default() += stack.weight as u64;
    }
    if folded.is_empty() {
        // inferno refuses to draw nothing; "nothing sampled yet" is an answer, not an error.
        folded.insert("nothing sampled yet".to_owned(), 1);
    }
    let lines: Vec<String> =
        folded.into_iter().map(|(stack, bytes)| format!("{stack} {bytes}")).collect();
    let mut options = inferno::flamegraph::Options::default();
    options.title = format!("{title}: bytes in use, by who allocated them");
    options.count_name = "bytes".to_owned();
    let mut svg = Vec::new();
    inferno::flamegraph::from_lines(&mut options, lines.iter().map(String::as_str), &mut svg)
        .map_err(|why| NoProfile::Failed(why.to_string()))?;
    Ok(svg)
}
