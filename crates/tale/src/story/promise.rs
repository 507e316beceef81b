//! A promise as it is written in a tale.

use super::Span;
use anyhow::{Result, bail, ensure};
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// One promise: exactly one of `quiet`, `metric`, `alert`, `mail` and `gate`, and how it is meant.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PromiseFields {
    /// No alert is pending or firing.
    #[serde(default)]
    pub quiet: bool,
    /// PromQL that has to yield something, which a comparison does when it holds.
    #[serde(default)]
    pub metric: Option<String>,
    /// An alert, in `state`.
    #[serde(default)]
    pub alert: Option<String>,
    /// A mail about this alert, in `state`, sent by Alertmanager.
    #[serde(default)]
    pub mail: Option<String>,
    /// What the gate has to say: `pass` or `fail`.
    #[serde(default)]
    pub gate: Option<GateWord>,
    /// The SLO that the gate has to name.
    #[serde(default)]
    pub because: Option<String>,
    /// Pin the gate's values as the baseline of later gates, before judging.
    #[serde(default)]
    pub pin: bool,
    /// `firing` (default) or `resolved`.
    #[serde(default)]
    pub state: AlertState,
    /// The longest wait, counted from the act; 10 s if left out.
    #[serde(default)]
    pub within: Option<Span>,
    /// How long it has to stay true.
    #[serde(default, rename = "for")]
    pub lasting: Option<Span>,
    /// What the room reads; by default the promise itself.
    #[serde(default)]
    pub says: Option<String>,
}

/// What the gate says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum GateWord {
    Pass,
    Fail,
}

/// What an alert does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum AlertState {
    #[default]
    Firing,
    Resolved,
}

impl AlertState {
    /// The word, as Alertmanager writes it.
    pub fn word(self) -> &'static str {
        match self {
            AlertState::Firing => "firing",
            AlertState::Resolved => "resolved",
        }
    }
}

impl PromiseFields {
    pub(super) fn check(&self) -> Result<()> {
        let kinds = [
            self.quiet,
            self.metric.is_some(),
            self.alert.is_some(),
            self.mail.is_some(),
            self.gate.is_some(),
        ];
        match kinds.iter().filter(|given| **given).count() {
            1 => {}
            0 => bail!("promises nothing; write one of quiet, metric, alert, mail, gate"),
            _ => bail!("promises several things at once; make it several promises"),
        }
        ensure!(
            self.gate.is_some() || (self.because.is_none() && !self.pin),
            "because and pin go with gate; remove them"
        );
        ensure!(
            self.alert.is_some() || self.mail.is_some() || self.state == AlertState::Firing,
            "state goes with alert and mail; remove it"
        );
        Ok(())
    }

    /// `quiet`, `metric`, `alert`, `mail` or `gate`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self { quiet: true, .. } => "quiet",
            Self {
                metric: Some(_), ..
            } => "metric",
            Self { alert: Some(_), .. } => "alert",
            Self { mail: Some(_), .. } => "mail",
            _ => "gate",
        }
    }

    /// The promise as a line of text.
    pub fn text(&self) -> String {
        if let Some(says) = &self.says {
            return says.clone();
        }
        match self {
            Self {
                metric: Some(query),
                ..
            } => query.clone(),
            Self {
                alert: Some(name), ..
            } => format!("{name} is {}", self.state.word()),
            Self {
                mail: Some(name), ..
            } => format!("mail: {name} is {}", self.state.word()),
            Self {
                gate: Some(GateWord::Pass),
                ..
            } => "the gate passes".to_owned(),
            Self {
                gate: Some(GateWord::Fail),
                because: Some(slo),
                ..
            } => format!("the gate refuses, because of {slo}"),
            Self {
                gate: Some(GateWord::Fail),
                ..
            } => "the gate refuses".to_owned(),
            _ => "no alert is pending or firing".to_owned(),
        }
    }

    /// The longest wait, counted from the act.
    pub fn within(&self) -> Duration {
        self.within
            .as_ref()
            .map_or(Duration::from_secs(10), |span| span.0)
    }
}
