//! Where a look at a promise gets its data from.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::Result;
use slo::gate::{Baseline, Plan};
use stage::{Notification, Stage};

use super::Known;
use crate::machine::Ticks;
use crate::prometheus::Prometheus;
use crate::setup;

/// Where a look at a promise gets its data from.
pub struct Sources {
    /// The stage.
    pub stage: Arc<dyn Stage>,
    /// Its Prometheus.
    pub prometheus: Prometheus,
    /// What the tale defines.
    pub known: Known,
    /// What the gate asks; `None` for a tale without objectives.
    pub plan: Option<Plan>,
    /// When the play began: what happened before is no part of it.
    pub started: Instant,
    /// How many notifications had got lost before the play, on each part of their way.
    pub lost_before: [f64; 2],
    /// Where the stage keeps what it measures.
    pub state_dir: PathBuf,
    /// Whether this machine has time for a play.
    pub ticks: Ticks,
    /// What relative criteria are compared with, once it is pinned.
    pub baseline: Mutex<Option<Baseline>>,
}

impl Sources {
    /// What Alertmanager has sent, oldest first.
    pub(super) async fn mail(&self) -> Result<Vec<Notification>> {
        Ok(self.stage.mail().await?)
    }

    /// How Prometheus or Alertmanager died, if one did: then nothing can be judged any more.
    ///
    /// # Errors
    /// The stage does not answer.
    pub(super) async fn died(&self) -> Result<Option<String>> {
        Ok(setup::died(&*self.stage).await?)
    }

    /// What relative criteria are compared with, if it is pinned.
    pub(crate) fn baseline(&self) -> Option<Baseline> {
        self.lock().clone()
    }

    /// Pins the baseline of this play.
    pub(super) fn pin(&self, baseline: Baseline) {
        *self.lock() = Some(baseline);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Baseline>> {
        self.baseline.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
