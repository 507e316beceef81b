//! What looks at the pods: a real Prometheus and Alertmanager, the prober that asks from outside,
//! and the inbox where notifications arrive.
//!
//! [`Monitoring`] owns all of it. What was applied is in `config`, which writes the files of both
//! programs with `prometheus` and `alertmanager`; `targets` says which pods are scraped; `backend`
//! starts and reloads the processes.

mod alertmanager;
mod backend;
mod blackbox;
mod config;
mod prometheus;
mod promtool;
mod targets;
mod validate;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use slo::Clock;
use tokio::task::JoinHandle;

use super::address::LoopbackNetwork;
use super::config::Config;
use super::files;
use super::network::{Network, Zone};
use super::pods::{Pod, Pods};
use super::process::Spawner;
use crate::StageError;
use crate::event::Events;
use crate::inbox::Inbox;
use crate::manifest::{ManifestError, Manifests, Service};
use crate::snapshot::BackendStatus;
use backend::{ALERTMANAGER, Backend, PROMETHEUS};
use config::MonitoringConfig;
use targets::TargetPod;

/// Prometheus, Alertmanager, prober and inbox of a stage.
pub(crate) struct Monitoring {
    clock: Clock,
    prometheus_dir: PathBuf,
    alertmanager_dir: PathBuf,
    config: MonitoringConfig,
    /// None when the stage is to have none.
    prometheus: Option<Backend>,
    alertmanager: Option<Backend>,
    inbox: Inbox,
    inbox_address: SocketAddr,
    inbox_task: JoinHandle<()>,
    prober: SocketAddr,
    prober_task: JoinHandle<()>,
    /// Content of the target files as last written.
    targets: BTreeMap<String, String>,
    events: Events,
    /// Something that others can see has changed.
    changed: bool,
}

impl Monitoring {
    /// Opens inbox and prober, and starts Prometheus and Alertmanager if the stage is to have them.
    pub(crate) async fn start(
        config: &Config,
        claim: &LoopbackNetwork,
        zone: Zone,
        spawner: &Spawner,
        events: Events,
    ) -> Result<Self, StageError> {
        let inbox = Inbox::start(claim.inbox(), 0).await.map_err(StageError::io("open the inbox"));
        let (inbox, inbox_address, inbox_task) = inbox?;
        let prober = blackbox::start(claim.prober(), zone).await;
        let (prober, prober_task) = prober.map_err(StageError::io("open the prober"))?;
        let mut monitoring = Self {
            clock: config.clock,
            prometheus_dir: config.state_dir.join("prometheus"),
            alertmanager_dir: config.state_dir.join("alertmanager"),
            config: MonitoringConfig::default(),
            prometheus: None,
            alertmanager: None,
            inbox,
            inbox_address,
            inbox_task,
            prober,
            prober_task,
            targets: BTreeMap::new(),
            events,
            changed: false,
        };
        if config.monitoring {
            monitoring.start_backends(claim, spawner, config.backend_time_out).await?;
        }
        Ok(monitoring)
    }

    /// Both come up side by side; Prometheus' configuration needs Alertmanager's address, so that
    /// one is started first.
    async fn start_backends(
        &mut self,
        claim: &LoopbackNetwork,
        spawner: &Spawner,
        within: Duration,
    ) -> Result<(), StageError> {
        self.config.write_alertmanager(self.clock, self.inbox_address, &self.alertmanager_dir)?;
        let dir = &self.alertmanager_dir;
        let mut alertmanager =
            Backend::start(&ALERTMANAGER, spawner, claim.alertmanager(), dir).await?;
        let (address, dir) = (Some(alertmanager.address()), &self.prometheus_dir);
        self.config.write_prometheus(self.clock, address, self.prober, dir)?;
        let mut prometheus = Backend::start(&PROMETHEUS, spawner, claim.prometheus(), dir).await?;
        tokio::try_join!(alertmanager.wait_ready(within), prometheus.wait_ready(within))?;
        self.alertmanager = Some(alertmanager);
        self.prometheus = Some(prometheus);
        Ok(())
    }

    /// Whether all monitoring objects could be applied. Has promtool look at every rule, so that a
    /// bad one is named with its file.
    pub(crate) async fn check(&self, manifests: &Manifests) -> Result<(), StageError> {
        for probe in &manifests.probes {
            validate::probe(&probe.object, &probe.source)?;
        }
        for monitor in &manifests.service_monitors {
            validate::monitor(&monitor.object, &monitor.source)?;
        }
        if self.prometheus.is_none() {
            return Ok(());
        }
        let file = self.prometheus_dir.join("check.yml");
        for rule in &manifests.prometheus_rules {
            let content = prometheus::rule_file(self.clock, &rule.object).to_string();
            files::replace(&file, content.as_bytes())?;
            promtool::check_rules(&file).await.map_err(|reason| {
                let remedy = "correct the rule; `promtool check rules` agrees";
                ManifestError::field(&rule.source, "spec.groups", reason, remedy)
            })?;
        }
        Ok(())
    }

    /// Goes over to what `manifests` say; when a backend refuses it, everything stays as it was.
    pub(crate) async fn apply(
        &mut self,
        manifests: &Manifests,
        pods: &Pods,
        network: &Network,
    ) -> Result<(), StageError> {
        let mut config = self.config.clone();
        config.extend(manifests);
        if config == self.config {
            return Ok(());
        }
        let before = std::mem::replace(&mut self.config, config);
        let Err(refusal) = self.configure_backends(&before, pods, network).await else {
            return Ok(());
        };
        let refused = std::mem::replace(&mut self.config, before);
        // The refusal is what the caller must hear; if a backend is dead, the snapshot says so.
        let _ = self.configure_backends(&refused, pods, network).await;
        Err(refusal)
    }

    /// Writes the configuration of Prometheus and Alertmanager and has them read what is not as
    /// before: a Prometheus that reads its own again drops what it is just sending.
    async fn configure_backends(
        &mut self,
        before: &MonitoringConfig,
        pods: &Pods,
        network: &Network,
    ) -> Result<(), StageError> {
        if self.config.alerting != before.alerting {
            self.config.write_alertmanager(
                self.clock,
                self.inbox_address,
                &self.alertmanager_dir,
            )?;
            if let Some(alertmanager) = &self.alertmanager {
                alertmanager.reload().await?;
            }
        }
        if self.config.same_for_prometheus(before) {
            return Ok(());
        }
        self.targets.clear();
        self.write_targets(pods, network)?;
        let alertmanager = self.alertmanager.as_ref().map(Backend::address);
        let dir = &self.prometheus_dir;
        self.config.write_prometheus(self.clock, alertmanager, self.prober, dir)?;
        match &self.prometheus {
            Some(prometheus) => prometheus.reload().await,
            None => Ok(()),
        }
    }

    /// Notices the death of a backend.
    pub(crate) fn tick(&mut self) {
        for backend in [&mut self.prometheus, &mut self.alertmanager].into_iter().flatten() {
            if let Some(how) = backend.just_died() {
                self.events.warning("BackendDied", backend.name(), how);
                self.changed = true;
            }
        }
    }

    /// Has Prometheus scrape the pods as they are now.
    pub(crate) fn follow(&mut self, pods: &Pods, network: &Network) {
        if let Err(error) = self.write_targets(pods, network) {
            self.events.warning("Failed", "prometheus", error.to_string());
        }
    }

    /// Rewrites the target files whose content changed. Pods that are not ready are scraped too, as
    /// in Kubernetes.
    fn write_targets(&mut self, pods: &Pods, network: &Network) -> Result<(), StageError> {
        let living = pods.iter().filter(|pod| !pod.terminating() && !pod.finished());
        let pods: Vec<TargetPod<'_>> = living.map(target_pod).collect();
        let services: Vec<&Service> = network.services().collect();
        for monitor in self.config.monitors.values() {
            for (file, content) in targets::groups(monitor, &services, &pods) {
                let content = content.to_string();
                if self.targets.get(&file) == Some(&content) {
                    continue;
                }
                let path = self.prometheus_dir.join("targets").join(&file);
                files::replace(&path, content.as_bytes())?;
                self.targets.insert(file, content);
            }
        }
        Ok(())
    }

    /// Ends Prometheus and Alertmanager at once. Nothing of their data is needed any more, so
    /// nothing is lost by not waiting for a clean end.
    pub(crate) fn end(&mut self) {
        self.prometheus = None;
        self.alertmanager = None;
        self.changed = true;
    }

    /// What Alertmanager has sent.
    pub(crate) fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// Where Prometheus answers.
    pub(crate) fn prometheus_url(&self) -> Option<String> {
        self.prometheus.as_ref().map(Backend::url)
    }

    /// Where Alertmanager answers.
    pub(crate) fn alertmanager_url(&self) -> Option<String> {
        self.alertmanager.as_ref().map(Backend::url)
    }

    pub(crate) fn status(&self) -> Vec<BackendStatus> {
        [&self.prometheus, &self.alertmanager].into_iter().flatten().map(Backend::status).collect()
    }

    /// Whether something that others can see has changed since the last call.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }
}

fn target_pod(pod: &Pod) -> TargetPod<'_> {
    TargetPod {
        name: &pod.name().name,
        namespace: &pod.name().namespace,
        ip: pod.ip(),
        labels: pod.labels(),
        spec: pod.spec(),
    }
}

impl Drop for Monitoring {
    fn drop(&mut self) {
        self.inbox_task.abort();
        self.prober_task.abort();
    }
}

#[cfg(test)]
mod tests;
