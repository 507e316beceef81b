//! Stands in for `profile.rs` in a build that has no heap profiles to show over HTTP.

/// Why there is no profile.
#[derive(Debug, thiserror::Error)]
#[error("{}", if cfg!(feature = "dhat-heap") {
    "built with dhat: stop the service and open dhat-heap.json instead"
} else {
    "built without heap profiles: build it with instrument's feature `profiles`"
})]
pub(crate) struct NoProfile;

impl NoProfile {
    /// Is it worth asking again?
    pub(crate) fn is_busy(&self) -> bool {
        false
    }
}

/// dhat counts from the start; a build without profiles cannot.
pub(crate) async fn activate() -> Result<(), NoProfile> {
    if cfg!(feature = "dhat-heap") { Ok(()) } else { Err(NoProfile) }
}

/// dhat has a format of its own.
pub(crate) async fn pprof() -> Result<Vec<u8>, NoProfile> {
    Err(NoProfile)
}

/// dhat has a viewer of its own.
pub(crate) async fn flamegraph(_: &'static str) -> Result<Vec<u8>, NoProfile> {
    Err(NoProfile)
}
