//! `kubectl apply`: everything is checked before anything is changed.

use super::network::Network;
use super::task::StageTask;
use crate::StageError;
use crate::manifest::Manifests;

impl StageTask {
    /// Returns what does not apply on this stage.
    pub(super) async fn apply(
        &mut self,
        mut manifests: Manifests,
    ) -> Result<Vec<String>, StageError> {
        self.ports.move_all(&mut manifests, self.network.spare(), &self.events)?;
        self.pods.check(&manifests)?;
        Network::check(&manifests)?;
        self.monitoring.check(&manifests).await?;
        // First, because Prometheus and Alertmanager may refuse it.
        self.monitoring.apply(&manifests, &self.pods, &self.network).await?;
        for service in &manifests.services {
            self.network.apply(service.object.clone()).await?;
        }
        self.pods.apply(&manifests);
        // Names of registries have to be known by now.
        self.network.follow(&self.pods);
        let pulled = self.pods.pulled(&manifests);
        manifests.not_applied.retain(|line| !pulled.contains(line));
        for line in &manifests.not_applied {
            if !self.not_applied.contains(line) {
                self.not_applied.push(line.clone());
            }
        }
        Ok(manifests.not_applied)
    }
}
