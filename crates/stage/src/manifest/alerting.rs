//! Who hears of an alert: AlertmanagerConfig.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Metadata;

/// `monitoring.coreos.com/v1alpha1` AlertmanagerConfig.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AlertmanagerConfig {
    /// Name, namespace, labels.
    pub metadata: Metadata,
    /// Routes and receivers.
    pub spec: AlertmanagerConfigSpec,
}

/// Routes and receivers.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AlertmanagerConfigSpec {
    /// The top route.
    pub route: Route,
    /// Who is notified.
    #[serde(default)]
    pub receivers: Vec<Receiver>,
    /// Alerts that silence others.
    #[serde(default)]
    pub inhibit_rules: Vec<InhibitRule>,
}

/// Which alerts go where, and how they are grouped.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Route {
    /// Name of a receiver.
    #[serde(default)]
    pub receiver: Option<String>,
    /// Labels that make a group.
    #[serde(default)]
    pub group_by: Vec<String>,
    /// Wait before a new group's first notification.
    #[serde(default)]
    pub group_wait: Option<String>,
    /// Wait between notifications of a group that changed.
    #[serde(default)]
    pub group_interval: Option<String>,
    /// Wait before an unchanged notification is sent again.
    #[serde(default)]
    pub repeat_interval: Option<String>,
    /// All must hold.
    #[serde(default)]
    pub matchers: Vec<Matcher>,
    /// Whether the next sibling is tried too.
    #[serde(default, rename = "continue")]
    pub goes_on: bool,
    /// Routes below this one.
    #[serde(default)]
    pub routes: Vec<Route>,
}

/// A condition on one label of an alert.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Matcher {
    /// The label.
    pub name: String,
    /// The value or regular expression.
    #[serde(default)]
    pub value: String,
    /// How it is compared.
    #[serde(default)]
    pub match_type: MatchType,
}

/// How a label is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
pub enum MatchType {
    /// Equal.
    #[default]
    #[serde(rename = "=")]
    Equal,
    /// Not equal.
    #[serde(rename = "!=")]
    NotEqual,
    /// Matches the regular expression.
    #[serde(rename = "=~")]
    Regex,
    /// Does not match the regular expression.
    #[serde(rename = "!~")]
    NotRegex,
}

impl MatchType {
    /// The operator as Alertmanager writes it.
    pub fn operator(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Regex => "=~",
            Self::NotRegex => "!~",
        }
    }
}

/// Somebody who is notified. On this stage each channel becomes a webhook to the stage's own inbox,
/// so the channels' other fields (addresses, templates, secrets) are kept as they are and used on
/// the cluster only.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Receiver {
    /// Its name.
    pub name: String,
    /// Webhooks.
    #[serde(default)]
    pub webhook_configs: Vec<Value>,
    /// Mail.
    #[serde(default)]
    pub email_configs: Vec<Value>,
    /// SMS by way of Amazon SNS.
    #[serde(default)]
    pub sns_configs: Vec<Value>,
    /// Pagers.
    #[serde(default)]
    pub pagerduty_configs: Vec<Value>,
    /// Pagers and SMS.
    #[serde(default)]
    pub opsgenie_configs: Vec<Value>,
    /// Chat.
    #[serde(default)]
    pub slack_configs: Vec<Value>,
}

/// While a source alert fires, target alerts are silent.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct InhibitRule {
    /// The alert that silences.
    #[serde(default)]
    pub source_match: Vec<Matcher>,
    /// The alert that is silenced.
    #[serde(default)]
    pub target_match: Vec<Matcher>,
    /// Labels that must be equal on both.
    #[serde(default)]
    pub equal: Vec<String>,
}
