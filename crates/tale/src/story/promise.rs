//! A promise as it is written in a tale.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Span;

/// One promise: exactly one of `quiet`, `metric`, `alert`, `mail`, `gate` and `budget`, and how it
/// is meant.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PromiseFields {
    /// No alert is pending or firing.
    #[serde(default)]
    pub quiet: bool,
    /// PromQL that has to yield something, which a comparison does when it holds.
    #[serde(default)]
    pub metric: Option<String>,
    /// An alert, in `state`; labels may narrow it down: `Name{severity="page"}`.
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
    /// The objective whose error budget was `spent`, as `slo/objective`.
    #[serde(default)]
    pub budget: Option<String>,
    /// How much of the budget, in minutes of production time: `> 5m` or `< 1m`.
    #[serde(default)]
    pub spent: Option<Spent>,
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

/// A comparison with a length of production time: `> 5m`, `< 1m`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub struct Spent {
    more: bool,
    than: Duration,
}

impl Spent {
    /// Whether so many minutes are as many as was said.
    pub fn holds(self, minutes: f64) -> bool {
        let limit = self.than.as_secs_f64() / 60.0;
        if self.more { minutes > limit } else { minutes < limit }
    }
}

impl TryFrom<String> for Spent {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let refuse = || format!("`{text}` compares with nothing; write e.g. `> 5m` or `< 1m`");
        let (sign, length) = text.split_at_checked(1).ok_or_else(refuse)?;
        let more = match sign {
            ">" => true,
            "<" => false,
            _ => return Err(refuse()),
        };
        let Span(than) = Span::try_from(length.trim().to_owned())?;
        Ok(Self { more, than })
    }
}

impl fmt::Display for Spent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.more { "more" } else { "less" };
        let minutes = self.than.as_secs_f64() / 60.0;
        let unit = if minutes == 1.0 { "minute" } else { "minutes" };
        write!(out, "{word} than {minutes} {unit}")
    }
}

impl JsonSchema for Spent {
    fn schema_name() -> Cow<'static, str> {
        "Spent".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A comparison with a length of production time: > 5m or < 1m.",
            "pattern": "^[<>] *([0-9]+(\\.[0-9]+)?(s|m|h))+$"
        })
    }
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
            self.budget.is_some(),
        ];
        match kinds.iter().filter(|given| **given).count() {
            1 => {}
            0 => bail!("promises nothing; write one of quiet, metric, alert, mail, gate, budget"),
            _ => bail!("promises several things at once; make it several promises"),
        }
        ensure!(
            self.gate.is_some() || (self.because.is_none() && !self.pin),
            "because and pin go with gate; remove them"
        );
        ensure!(
            self.alert.as_ref().is_none_or(|alert| alert.contains('{') == alert.ends_with('}')),
            "alert has labels that never end; write e.g. Name{{severity=\"page\"}}"
        );
        ensure!(
            self.budget.is_some() == self.spent.is_some(),
            "budget and spent go together; write e.g. budget: availability/slo and spent: '> 5m'"
        );
        ensure!(
            self.alert.is_some() || self.mail.is_some() || self.state == AlertState::Firing,
            "state goes with alert and mail; remove it"
        );
        Ok(())
    }

    /// `quiet`, `metric`, `alert`, `mail`, `gate` or `budget`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self { quiet: true, .. } => "quiet",
            Self { metric: Some(_), .. } => "metric",
            Self { alert: Some(_), .. } => "alert",
            Self { mail: Some(_), .. } => "mail",
            Self { budget: Some(_), .. } => "budget",
            _ => "gate",
        }
    }

    /// The promise as a line of text.
    pub fn text(&self) -> String {
        if let Some(says) = &self.says {
            return says.clone();
        }
        match self {
            Self { metric: Some(query), .. } => query.clone(),
            Self { alert: Some(name), .. } => format!("{name} is {}", self.state.word()),
            Self { mail: Some(name), .. } => format!("mail: {name} is {}", self.state.word()),
            Self { gate: Some(GateWord::Pass), .. } => "the gate passes".to_owned(),
            Self { gate: Some(GateWord::Fail), because: Some(slo), .. } => {
                format!("the gate refuses, because of {slo}")
            }
            Self { gate: Some(GateWord::Fail), .. } => "the gate refuses".to_owned(),
            Self { budget: Some(objective), spent: Some(spent), .. } => {
                format!("of the error budget of {objective} {spent} is spent")
            }
            _ => "no alert is pending or firing".to_owned(),
        }
    }

    /// The longest wait, counted from the act.
    pub fn within(&self) -> Duration {
        self.within.as_ref().map_or(Duration::from_secs(10), |span| span.0)
    }
}
