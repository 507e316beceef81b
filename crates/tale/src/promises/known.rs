//! What a tale defines, and hence what its promises can name.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use slo::{Budget, Catalogue};
use stage::manifest::{Labels, Manifests};

use super::selector::Selector;
use crate::nearest::or_nearest;

/// What a tale defines: alerts, SLOs, error budgets, and whether anybody is notified.
#[derive(Debug, Default)]
pub struct Known {
    /// The labels that each rule of this name gives its alert.
    alerts: BTreeMap<String, Vec<Labels>>,
    slos: Vec<String>,
    /// By `slo/objective`.
    budgets: BTreeMap<String, Budget>,
    /// Who is notified, by the names that AlertmanagerConfigs give them.
    receivers: BTreeSet<String>,
}

impl Known {
    /// What these manifests, the compiled rules among them, and these objectives define.
    pub fn of(manifests: &Manifests, catalogue: &Catalogue) -> Self {
        let mut known = Self {
            slos: catalogue.slos.iter().map(|slo| slo.metadata.name.clone()).collect(),
            ..Self::default()
        };
        known.add_receivers(manifests);
        let groups = manifests.prometheus_rules.iter().flat_map(|rule| &rule.object.spec.groups);
        for rule in groups.flat_map(|group| &group.rules) {
            if let Some(alert) = &rule.alert {
                known.alerts.entry(alert.clone()).or_default().push(rule.labels.clone());
            }
        }
        let budgets = slo::budgets(catalogue).into_iter();
        known.budgets = budgets
            .filter_map(|budget| Some((budget.id.split_once('/')?.1.to_owned(), budget)))
            .collect();
        known
    }

    /// Adds those who are notified once an act has applied these.
    pub(crate) fn add_receivers(&mut self, manifests: &Manifests) {
        let configs = manifests.alertmanager_configs.iter().map(|config| &config.object.spec);
        let receivers = configs.flat_map(|config| &config.receivers);
        self.receivers.extend(receivers.map(|receiver| receiver.name.clone()));
    }

    /// The names of the alerts.
    pub(crate) fn alerts(&self) -> impl Iterator<Item = &str> {
        self.alerts.keys().map(String::as_str)
    }

    /// The names of the SLOs.
    pub(super) fn slos(&self) -> impl Iterator<Item = &str> {
        self.slos.iter().map(String::as_str)
    }

    /// The error budget of `slo/objective`.
    pub(super) fn budget(&self, name: &str) -> Option<&Budget> {
        self.budgets.get(name)
    }

    /// Whether anybody is notified of alerts.
    pub(super) fn has_receivers(&self) -> bool {
        !self.receivers.is_empty()
    }

    pub(super) fn check_receiver(&self, field: &str, name: &str) -> Result<()> {
        if !self.receivers.contains(name) {
            let known = self.receivers.iter().map(String::as_str);
            bail!("{}", unknown(field, "receiver", name, known));
        }
        Ok(())
    }

    pub(super) fn check_alert(&self, field: &str, alert: &Selector) -> Result<()> {
        let Some(rules) = self.alerts.get(&alert.name) else {
            bail!("{}", unknown(field, "alert", &alert.name, self.alerts()));
        };
        for (label, value) in &alert.labels {
            // A label that no rule sets comes from the series: only Prometheus knows its values.
            let mut values: Vec<&str> =
                rules.iter().filter_map(|rule| Some(rule.get(label)?.as_str())).collect();
            values.dedup();
            if !values.is_empty() && !values.contains(&value.as_str()) {
                let name = format!("{}{{{label}=\"..\"}}", alert.name);
                bail!("{}: {}", name, unknown(field, label, value, values.into_iter()));
            }
        }
        Ok(())
    }

    pub(super) fn check_slo(&self, field: &str, name: &str) -> Result<()> {
        if !self.slos().any(|slo| slo == name) {
            bail!("{}", unknown(field, "SLO", name, self.slos()));
        }
        Ok(())
    }

    pub(super) fn check_budget(&self, field: &str, name: &str) -> Result<()> {
        if !self.budgets.contains_key(name) {
            let known = self.budgets.keys().map(String::as_str);
            bail!("{}", unknown(field, "objective", name, known));
        }
        Ok(())
    }
}

/// Why a name is refused, and what to write instead.
fn unknown<'n>(
    field: &str,
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'n str>,
) -> String {
    let known: Vec<&str> = known.collect();
    format!("{field}: there is no {what} `{name}`; {}", or_nearest(name, &known))
}
