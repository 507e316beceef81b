//! What Prometheus and Alertmanager are configured from, and the files that say it to them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use slo::Clock;

use super::{alertmanager, prometheus};
use crate::local::files;
use crate::manifest::{
    AlertmanagerConfig, BlackBoxProbe, Manifests, Metadata, PrometheusRule, ServiceMonitor, Sourced,
};
use crate::{NamespacedName, StageError};

/// The monitoring objects that were applied.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct MonitoringConfig {
    pub(super) monitors: BTreeMap<NamespacedName, ServiceMonitor>,
    pub(super) probes: BTreeMap<NamespacedName, BlackBoxProbe>,
    pub(super) rules: BTreeMap<NamespacedName, PrometheusRule>,
    pub(super) alerting: BTreeMap<NamespacedName, AlertmanagerConfig>,
}

impl MonitoringConfig {
    /// Adds what `manifests` say, in place of objects of the same names.
    pub(super) fn extend(&mut self, manifests: &Manifests) {
        self.monitors.extend(named(&manifests.service_monitors, |monitor| &monitor.metadata));
        self.probes.extend(named(&manifests.probes, |probe| &probe.metadata));
        self.rules.extend(named(&manifests.prometheus_rules, |rule| &rule.metadata));
        self.alerting.extend(named(&manifests.alertmanager_configs, |config| &config.metadata));
    }

    /// Whether Prometheus would read the same from the other.
    pub(super) fn same_for_prometheus(&self, other: &Self) -> bool {
        let Self { monitors, probes, rules, alerting: _ } = self;
        (monitors, probes, rules) == (&other.monitors, &other.probes, &other.rules)
    }

    /// Writes the rules and Prometheus' configuration into its folder.
    pub(super) fn write_prometheus(
        &self,
        clock: Clock,
        alertmanager: Option<SocketAddr>,
        prober: SocketAddr,
        dir: &Path,
    ) -> Result<(), StageError> {
        files::empty_dir(&dir.join("rules"))?;
        for (name, rule) in &self.rules {
            let file = dir.join("rules").join(format!("{}_{}.yml", name.namespace, name.name));
            files::replace(&file, prometheus::rule_file(clock, rule).to_string().as_bytes())?;
        }
        let (monitors, probes) = (self.monitors.values(), self.probes.values());
        let config = prometheus::config(clock, alertmanager, prober, monitors, probes);
        files::replace(&dir.join("config.yml"), config.to_string().as_bytes())
    }

    /// Writes Alertmanager's configuration into its folder.
    pub(super) fn write_alertmanager(
        &self,
        clock: Clock,
        inbox: SocketAddr,
        dir: &Path,
    ) -> Result<(), StageError> {
        let config = alertmanager::config(clock, inbox, self.alerting.values());
        files::replace(&dir.join("config.yml"), config.to_string().as_bytes())
    }
}

fn named<T: Clone>(
    objects: &[Sourced<T>],
    metadata: fn(&T) -> &Metadata,
) -> impl Iterator<Item = (NamespacedName, T)> {
    let objects = objects.iter().map(|sourced| sourced.object.clone());
    objects.map(move |object| (metadata(&object).namespaced_name(), object))
}
