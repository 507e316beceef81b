//! `messages: RECEIVER`: Alertmanager has sent so many messages to somebody, and no more.

use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;
use stage::Notification;

use super::look::{Look, Measured};
use super::mail::State;
use super::selector::Selector;
use super::{Known, PromiseKind, Sources};

/// How many messages somebody got since the play began, whether mails, text messages or lines in a
/// chat. Say `for`, so that one more would be noticed.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Messages {
    /// Who got them: a receiver, by the name that its AlertmanagerConfig gives it.
    messages: String,
    /// How many.
    count: u32,
    /// The alert that they report; any, if left out.
    #[serde(default)]
    about: Option<String>,
    /// What they say: `firing` (default) or `resolved`, which means of all their alerts.
    #[serde(default)]
    state: State,
}

impl Messages {
    fn counts(&self, message: &Notification) -> bool {
        let (receiver, word) = (message.receiver.rsplit('/').next(), self.state.word());
        let about = self.about.as_ref();
        receiver == Some(self.messages.as_str())
            && message.status == word
            && about.is_none_or(|alert| message.reports(alert, word))
    }
}

impl PromiseKind for Messages {
    fn check(&self, known: &Known) -> Result<()> {
        known.check_receiver("messages", &self.messages)?;
        match &self.about {
            Some(alert) => known.check_alert("about", &Selector::named(alert)),
            None => Ok(()),
        }
    }

    fn text(&self) -> String {
        let Self { messages, count, about, state } = self;
        let about = about.as_ref().map(|alert| format!("{alert} is ")).unwrap_or_default();
        let word = if *count == 1 { "message" } else { "messages" };
        format!("{count} {word} to {messages}: {about}{}", state.word())
    }

    async fn look(&self, sources: &Sources) -> Look {
        let all = match sources.mail().await {
            Ok(all) => all,
            Err(why) => return Look::unknown(format!("{why:#}")),
        };
        let count = all.iter().filter(|message| self.counts(message)).count();
        let measured = Measured {
            now: Some(count as f64),
            unit: None,
            wanted: self.count.to_string(),
            limit: None,
        };
        if count == self.count as usize {
            return Look::holds("").of(measured);
        }
        match sources.undelivered().await {
            Some(why) => Look::unknown(why),
            None => Look::not_yet("").of(measured),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(receiver: &str, status: &str, alert: &str) -> Notification {
        let alerts = vec![json!({"status": status, "labels": {"alertname": alert}})];
        let (channel, receiver) = ("email".to_owned(), receiver.to_owned());
        Notification { at: 0.0, channel, receiver, status: status.to_owned(), alerts }
    }

    #[test]
    fn who_got_it_what_it_says_and_about_what_have_to_be_right() {
        let promise = |value| serde_json::from_value::<Messages>(value).unwrap();
        let any = promise(json!({"messages": "mail", "count": 1}));
        let about = promise(json!({"messages": "mail", "count": 1, "about": "A"}));
        let over = promise(json!({"messages": "mail", "count": 1, "state": "resolved"}));
        let sent = [
            message("default/zone/mail", "firing", "A"),
            message("default/zone/mail", "firing", "B"),
            message("default/zone/sms", "firing", "A"),
            message("default/zone/mail", "resolved", "A"),
        ];
        for (promise, counted) in [
            (&any, [true, true, false, false]),
            (&about, [true, false, false, false]),
            (&over, [false, false, false, true]),
        ] {
            assert_eq!(sent.each_ref().map(|message| promise.counts(message)), counted);
        }
        assert_eq!(about.text(), "1 message to mail: A is firing");
    }
}
