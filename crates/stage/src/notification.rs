//! A message that Alertmanager sent: a mail, a text message, a line in a chat.

use serde::{Deserialize, Serialize};

/// One message that someone got.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// Seconds since the Unix epoch, in whole milliseconds.
    pub at: f64,
    /// `email`, `sns` (SMS), `slack`, `pagerduty`, `opsgenie` or `webhook`.
    pub channel: String,
    /// `namespace/AlertmanagerConfig/receiver`.
    pub receiver: String,
    /// `firing` or `resolved`, of the whole group.
    pub status: String,
    /// The alerts as Alertmanager sent them.
    pub alerts: Vec<serde_json::Value>,
}

impl Notification {
    /// Whether it says that the alert of this name is in this state (`firing` or `resolved`).
    pub fn reports(&self, alert: &str, status: &str) -> bool {
        self.alerts.iter().any(|a| a["labels"]["alertname"] == alert && a["status"] == status)
    }
}
