//! Passes on what has changed: pods to Services, names and Prometheus, and everything to the
//! snapshot.

use std::sync::Arc;

use super::task::StageTask;
use crate::snapshot::Snapshot;

impl StageTask {
    /// Publishes, if anything has changed since the last time.
    pub(super) fn publish(&mut self) {
        let changed = [
            self.pods.take_changed(),
            self.network.take_changed(),
            self.monitoring.take_changed(),
            self.faults.take_changed(),
            self.events.take_changed(),
        ];
        if changed.contains(&true) {
            self.network.follow(&self.pods);
            self.monitoring.follow(&self.pods, &self.network);
            self.snapshots.send_replace(Arc::new(self.snapshot()));
        }
    }

    /// Everything as it is now, a part from each owner.
    fn snapshot(&self) -> Snapshot {
        let pods = self.pods.iter();
        Snapshot {
            network: self.network.name(),
            pods: pods.map(|pod| self.faults.show(pod, &self.network)).collect(),
            deployments: self.pods.deployments_status(),
            jobs: self.pods.jobs_status(),
            services: self.network.status(),
            backends: self.monitoring.status(),
            not_applied: self.not_applied.clone(),
            events: self.events.recent(),
        }
    }
}
