//! How much there is, counted when somebody looks.

use std::sync::Arc;

use prometheus::IntGauge;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;

use crate::metrics::{CONTENT_BYTES, UPLOADS_OPEN};
use crate::sessions::Sessions;
use crate::store::Store;

/// What there is, looked at when somebody scrapes.
pub struct Contents {
    store: Store,
    sessions: Arc<Sessions>,
    bytes: IntGauge,
    uploads: IntGauge,
}

impl Contents {
    /// Of these.
    ///
    /// # Errors
    /// A mistake in the names.
    pub fn new(store: Store, sessions: Arc<Sessions>) -> Result<Self, prometheus::Error> {
        let bytes = IntGauge::new(CONTENT_BYTES, "Bytes of blobs and manifests.")?;
        let uploads = IntGauge::new(UPLOADS_OPEN, "Uploads that are not whole.")?;
        Ok(Self { store, sessions, bytes, uploads })
    }
}

impl Collector for Contents {
    fn desc(&self) -> Vec<&Desc> {
        [self.bytes.desc(), self.uploads.desc()].concat()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.bytes.set(i64::try_from(self.store.used()).unwrap_or(i64::MAX));
        self.uploads.set(i64::try_from(self.sessions.count()).unwrap_or(i64::MAX));
        [self.bytes.collect(), self.uploads.collect()].concat()
    }
}
