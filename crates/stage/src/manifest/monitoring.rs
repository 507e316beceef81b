//! What is measured and alerted on: ServiceMonitor and PrometheusRule.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{IntOrString, LabelSelector, Labels, Metadata};

/// `monitoring.coreos.com/v1` ServiceMonitor.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceMonitor {
    /// Name, namespace, labels.
    pub metadata: Metadata,
    /// Which Services are scraped, and how.
    pub spec: ServiceMonitorSpec,
}

/// Which Services are scraped, and how.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ServiceMonitorSpec {
    /// Labels of the Services.
    pub selector: LabelSelector,
    /// Namespaces of the Services; the monitor's own when left out.
    #[serde(default)]
    pub namespace_selector: NamespaceSelector,
    /// What is scraped on each pod behind them.
    pub endpoints: Vec<Endpoint>,
    /// Label of the Service whose value becomes `job`; the Service's name when left out.
    #[serde(default)]
    pub job_label: Option<String>,
    /// Labels of the Service that are copied to the samples.
    #[serde(default)]
    pub target_labels: Vec<String>,
    /// Labels of the pod that are copied to the samples.
    #[serde(default)]
    pub pod_target_labels: Vec<String>,
}

/// Which namespaces are looked at.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NamespaceSelector {
    /// All of them.
    #[serde(default)]
    pub any: bool,
    /// These.
    #[serde(default)]
    pub match_names: Vec<String>,
}

/// What is scraped on each pod.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Endpoint {
    /// Name of the Service's port.
    #[serde(default)]
    pub port: Option<String>,
    /// Or name or number of the container's port.
    #[serde(default)]
    pub target_port: Option<IntOrString>,
    /// The path; `/metrics` when left out.
    #[serde(default = "metrics")]
    pub path: String,
    /// Time between scrapes (real clock); one second on the stage clock.
    #[serde(default)]
    pub interval: Option<String>,
    /// Keep labels that the target itself sets.
    #[serde(default)]
    pub honor_labels: bool,
}

fn metrics() -> String {
    "/metrics".into()
}

/// `monitoring.coreos.com/v1` PrometheusRule.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PrometheusRule {
    /// Name, namespace, labels.
    pub metadata: Metadata,
    /// The rules.
    pub spec: PrometheusRuleSpec,
}

/// The rules of a PrometheusRule.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PrometheusRuleSpec {
    /// Groups, evaluated in parallel.
    pub groups: Vec<RuleGroup>,
}

/// Rules that are evaluated in order.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RuleGroup {
    /// Its name.
    pub name: String,
    /// Time between evaluations (real clock); one second on the stage clock.
    #[serde(default)]
    pub interval: Option<String>,
    /// The rules.
    pub rules: Vec<Rule>,
}

/// A recording or an alerting rule, in the very shape of a Prometheus rule file.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Name of the recorded series.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// Name of the alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<String>,
    /// PromQL.
    pub expr: IntOrString,
    /// How long it must hold before the alert fires.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub hold: Option<String>,
    /// How long the alert keeps firing after that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_firing_for: Option<String>,
    /// Labels added.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// Annotations added.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}
