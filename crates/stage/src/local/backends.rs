//! Has Prometheus and Alertmanager follow what is applied.

use std::collections::BTreeMap;

use super::pod::Key;
use super::world::World;
use super::{files, monitoring};
use crate::StageError;
use crate::manifest::{
    AlertmanagerConfig, BlackBoxProbe, ManifestError, Manifests, PrometheusRule, ServiceMonitor,
};

/// What Prometheus and Alertmanager are configured from.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Watched {
    pub(crate) monitors: BTreeMap<Key, ServiceMonitor>,
    pub(crate) probes: BTreeMap<Key, BlackBoxProbe>,
    pub(crate) rules: BTreeMap<Key, PrometheusRule>,
    pub(crate) alerting: BTreeMap<Key, AlertmanagerConfig>,
}

impl World {
    /// Goes over to `watched`; when a backend refuses it, everything stays as it was.
    pub(crate) async fn watch(&mut self, watched: Watched) -> Result<(), StageError> {
        if watched == self.watched {
            return Ok(());
        }
        let before = std::mem::replace(&mut self.watched, watched);
        let Err(refusal) = self.configure_backends().await else {
            return Ok(());
        };
        self.watched = before;
        // The refusal is what the caller must hear; if a backend is dead, the snapshot says so.
        let _ = self.configure_backends().await;
        Err(refusal)
    }

    /// Has promtool look at every rule before anything is changed, so that a bad rule is named with
    /// its file.
    pub(crate) async fn check_rules(&self, manifests: &Manifests) -> Result<(), StageError> {
        if self.prometheus.is_none() {
            return Ok(());
        }
        let file = self.dir("prometheus").join("check.yml");
        for rule in &manifests.prometheus_rules {
            let content = monitoring::rule_file(self.config.clock, &rule.object).to_string();
            files::replace(&file, content.as_bytes())?;
            monitoring::check_rules(&file).await.map_err(|reason| {
                ManifestError::field(
                    &rule.source,
                    "spec.groups",
                    reason,
                    "correct the rule; `promtool check rules` agrees",
                )
            })?;
        }
        Ok(())
    }

    /// Writes the configuration of Prometheus and Alertmanager and has them read it.
    async fn configure_backends(&mut self) -> Result<(), StageError> {
        self.write_backend_files()?;
        for backend in [&self.alertmanager, &self.prometheus].into_iter().flatten() {
            backend.reload().await?;
        }
        Ok(())
    }

    pub(crate) fn write_backend_files(&mut self) -> Result<(), StageError> {
        let clock = self.config.clock;
        let dir = self.dir("prometheus");
        files::empty_dir(&dir.join("rules"))?;
        for ((namespace, name), rule) in &self.watched.rules {
            let file = dir.join("rules").join(format!("{namespace}_{name}.yml"));
            files::replace(&file, monitoring::rule_file(clock, rule).to_string().as_bytes())?;
        }
        self.targets.clear();
        self.write_targets()?;
        let alertmanager = self.alertmanager.as_ref().map(|backend| backend.address);
        let config = monitoring::prometheus_config(clock, alertmanager, self.prober, &self.watched);
        files::replace(&dir.join("config.yml"), config.to_string().as_bytes())?;
        let config =
            monitoring::alertmanager_config(clock, self.inbox, self.watched.alerting.values());
        files::replace(&self.dir("alertmanager").join("config.yml"), config.to_string().as_bytes())
    }
}
