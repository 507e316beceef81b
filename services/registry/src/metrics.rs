//! What `registry` counts besides its requests: pulls, and what they cost.

use prometheus::{
    IntCounter, IntCounterVec, Registry, register_int_counter_vec_with_registry,
    register_int_counter_with_registry,
};

/// Manifests that were asked for with GET, by `result`: `counted` against a limit, `free`, or
/// `refused` with 429. Read next to `pull_counts_remaining`: who has spent them.
pub const PULLS_TOTAL: &str = "registry_pulls_total";
/// Manifests that were asked for with HEAD, which costs nothing.
pub const LOOKS_TOTAL: &str = "registry_looks_total";
/// What a cache was asked for, by `what` and `result`. The ratio of hits is what it saves upstream.
pub const CACHE_TOTAL: &str = "registry_cache_requests_total";
/// Bytes of content.
pub const CONTENT_BYTES: &str = "registry_content_bytes";
/// Uploads that have begun, and are not whole.
pub const UPLOADS_OPEN: &str = "registry_uploads_open";

/// What became of a GET of a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pull {
    /// It cost one.
    Counted,
    /// It cost nothing: there is no limit, or it does not count.
    Free,
    /// There was none left.
    Refused,
}

/// What a cache did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cached {
    /// It had it.
    Hit,
    /// It had to fetch it.
    Miss,
    /// It had it, and could not find out whether there is something newer.
    Stale,
    /// It had nothing, and got nothing.
    Failed,
}

/// Of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A manifest.
    Manifest,
    /// A blob.
    Blob,
}

impl Pull {
    const ALL: [Self; 3] = [Self::Counted, Self::Free, Self::Refused];

    fn label(self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::Free => "free",
            Self::Refused => "refused",
        }
    }
}

impl Cached {
    const ALL: [Self; 4] = [Self::Hit, Self::Miss, Self::Stale, Self::Failed];

    fn label(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Stale => "stale",
            Self::Failed => "failed",
        }
    }
}

impl What {
    fn label(self) -> &'static str {
        match self {
            Self::Manifest => "manifest",
            Self::Blob => "blob",
        }
    }
}

/// Handles to the counters.
#[derive(Clone)]
pub struct Metrics {
    pulls: IntCounterVec,
    looks: IntCounter,
    cache: IntCounterVec,
}

impl Metrics {
    /// Creates them, all series at 0.
    ///
    /// # Errors
    /// If `registry` already holds a metric of this name.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let help = "Manifests asked for with GET, by what it cost.";
        let pulls =
            register_int_counter_vec_with_registry!(PULLS_TOTAL, help, &["result"], registry)?;
        let help = "Manifests asked for with HEAD.";
        let looks = register_int_counter_with_registry!(LOOKS_TOTAL, help, registry)?;
        let help = "What a cache was asked for, by what it did.";
        let labels = &["what", "result"];
        let cache = register_int_counter_vec_with_registry!(CACHE_TOTAL, help, labels, registry)?;
        for result in Pull::ALL {
            pulls.with_label_values(&[result.label()]);
        }
        for result in Cached::ALL {
            for what in [What::Manifest, What::Blob] {
                cache.with_label_values(&[what.label(), result.label()]);
            }
        }
        Ok(Self { pulls, looks, cache })
    }

    pub(crate) fn pulled(&self, result: Pull) {
        self.pulls.with_label_values(&[result.label()]).inc();
    }

    pub(crate) fn looked(&self) {
        self.looks.inc();
    }

    pub(crate) fn cached(&self, what: What, result: Cached) {
        self.cache.with_label_values(&[what.label(), result.label()]).inc();
    }
}
