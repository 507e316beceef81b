//! `mail: NAME`: Alertmanager has sent a mail about an alert.

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::look::Look;
use super::selector::Selector;
use super::{Known, PromiseKind, Sources};

/// A mail about an alert, sent by Alertmanager.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// The name of the alert.
    mail: String,
    /// What the mail says of it: `firing` (default) or `resolved`.
    #[serde(default)]
    state: State,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    #[default]
    Firing,
    Resolved,
}

impl State {
    /// The word, as Alertmanager writes it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }
}

impl PromiseKind for Mail {
    fn check(&self, known: &Known) -> Result<()> {
        known.check_alert("mail", &Selector::named(&self.mail))?;
        ensure!(
            known.has_receivers(),
            "mail: the manifests have no AlertmanagerConfig, so nobody gets a mail; add one"
        );
        Ok(())
    }

    fn text(&self) -> String {
        format!("mail: {} is {}", self.mail, self.state.word())
    }

    async fn look(&self, sources: &Sources) -> Look {
        let mails = match sources.mail().await {
            Ok(mails) => mails,
            Err(why) => return Look::unknown(format!("{why:#}")),
        };
        let about = |mail: &&stage::Notification| mail.reports(&self.mail, self.state.word());
        match mails.iter().rev().find(about) {
            Some(mail) => Look::holds(format!("{} to {}", mail.channel, mail.receiver)),
            None => match sources.undelivered().await {
                Some(why) => Look::unknown(why),
                None => Look::not_yet(format!("{} messages, none about it", mails.len())),
            },
        }
    }
}
