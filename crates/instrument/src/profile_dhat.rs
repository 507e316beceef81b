//! Heap profiles in a `dhat-heap` build: not over HTTP, but in `dhat-heap.json` when the program
//! ends.

/// Why there is no profile.
#[derive(Debug, thiserror::Error)]
#[error("built with dhat: stop the service and open dhat-heap.json instead")]
pub(crate) struct NoProfile;

/// dhat always counts.
pub(crate) async fn activate() -> Result<(), NoProfile> {
    Ok(())
}

/// dhat has no pprof format.
pub(crate) async fn pprof() -> Result<Vec<u8>, NoProfile> {
    Err(NoProfile)
}

/// dhat has a viewer of its own.
pub(crate) async fn flamegraph(_: &str) -> Result<Vec<u8>, NoProfile> {
    Err(NoProfile)
}
