//! What all routes share.

use std::sync::Arc;

use crate::access::Access;
use crate::library::Library;
use crate::limit::Limiter;
use crate::metrics::Metrics;
use crate::quirks::Quirks;
use crate::repositories::Repositories;
use crate::sessions::Sessions;
use crate::store::Store;

/// What counts as a pull.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// Every manifest: an image for several platforms costs two, its index and itself.
    Manifests,
    /// Images only: their index is free.
    Images,
}

impl Counts {
    /// Whether an index costs something.
    pub fn is_every_manifest(self) -> bool {
        self == Self::Manifests
    }
}

/// Everything there is.
pub struct Desk {
    /// Who may do what.
    pub access: Access,
    /// Where content comes from.
    pub library: Library,
    /// What is here.
    pub repositories: Repositories,
    /// Its bytes.
    pub store: Store,
    /// What arrives.
    pub sessions: Arc<Sessions>,
    /// How many pulls are left.
    pub limiter: Arc<Limiter>,
    /// How that is told.
    pub quirks: Quirks,
    /// What counts.
    pub counts: Counts,
    /// What was counted.
    pub metrics: Metrics,
}
