//! The version of the zone that is served, for all who read it, and word of each new one.

use std::sync::{Arc, RwLock};

use tokio::sync::watch;

use crate::history::History;
use crate::metrics::Metrics;
use crate::zone::{Owner, Zone};

/// What is served: nothing before the first version, and after a copy has expired.
pub struct Published {
    apex: Owner,
    history: RwLock<Option<Arc<History>>>,
    serial: watch::Sender<Option<u32>>,
    metrics: Metrics,
}

impl Published {
    /// Nothing yet.
    pub fn new(apex: Owner, metrics: Metrics) -> Self {
        Self { apex, history: RwLock::default(), serial: watch::Sender::new(None), metrics }
    }

    /// The zone's name, whether there is a version or not.
    pub fn apex(&self) -> &Owner {
        &self.apex
    }

    /// What is served now.
    pub fn now(&self) -> Option<Arc<History>> {
        self.history.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    /// The zone that is served now.
    pub fn zone(&self) -> Option<Arc<Zone>> {
        Some(self.now()?.zone.clone())
    }

    /// Serves another version from now on.
    pub fn publish(&self, zone: Zone) {
        let serial = zone.serial();
        self.metrics.published(serial, zone.expiry().unwrap_or(0));
        let mut history = self.history.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        let next = match history.as_ref() {
            Some(history) => history.advance(zone),
            None => History::new(zone),
        };
        *history = Some(Arc::new(next));
        drop(history);
        self.serial.send_replace(Some(serial));
    }

    /// Serves nothing any more: SERVFAIL.
    pub fn withdraw(&self) {
        *self.history.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = None;
        self.metrics.published(0, 0);
        self.serial.send_replace(None);
    }

    /// Word of each new version.
    pub fn changes(&self) -> watch::Receiver<Option<u32>> {
        self.serial.subscribe()
    }
}
