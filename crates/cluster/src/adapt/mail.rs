//! AlertmanagerConfig: everybody's mailbox is the stage's inbox, and on the stage clock nobody
//! waits half a minute for a mail.
//!
//! The files name a mail server that does not exist, on purpose.

use serde_json::{Map, Value, json};
use slo::Clock;
use stage::manifest::prometheus_duration;

use super::Notes;
use crate::object::text;

/// Alertmanager's own defaults, which the stage clock scales too.
const WAITS: [(&str, &str); 3] =
    [("groupWait", "30s"), ("groupInterval", "5m"), ("repeatInterval", "4h")];

/// The channels of a receiver, the first part of their webhook's path, and whether Alertmanager
/// tells them of the end of an alert when nobody says so.
const CHANNELS: [(&str, &str, bool); 6] = [
    ("webhookConfigs", "webhook", true),
    ("emailConfigs", "email", false),
    ("snsConfigs", "sns", true),
    ("pagerdutyConfigs", "pagerduty", true),
    ("opsgenieConfigs", "opsgenie", true),
    ("slackConfigs", "slack", false),
];

pub(super) fn adapt(document: &mut Value, clock: Clock, inbox: &str, notes: &mut Notes) {
    if text(document, "/kind") != "AlertmanagerConfig" {
        return;
    }
    if clock == Clock::Stage
        && let Some(route) = document.pointer_mut("/spec/route").and_then(Value::as_object_mut)
    {
        scale(route, "spec.route", clock, notes);
    }
    let receivers = document.pointer_mut("/spec/receivers").and_then(Value::as_array_mut);
    for (index, receiver) in receivers.into_iter().flatten().enumerate() {
        if let Some(receiver) = receiver.as_object_mut() {
            deliver(receiver, inbox, &format!("spec.receivers[{index}]"), notes);
        }
    }
}

fn scale(route: &mut Map<String, Value>, at: &str, clock: Clock, notes: &mut Notes) {
    for (name, default) in WAITS {
        let declared = route.get(name).and_then(Value::as_str).unwrap_or(default);
        // What is not a duration goes through as it is, for the operator to refuse.
        if let Some(real) = prometheus_duration(declared) {
            let scaled = format!("{}s", clock.scale_seconds(real).as_secs().max(1));
            notes.set(route, name, &format!("{at}.{name}"), json!(scaled), "stage clock");
        }
    }
    let below = route.get_mut("routes").and_then(Value::as_array_mut).into_iter().flatten();
    for (index, route) in below.enumerate() {
        if let Some(route) = route.as_object_mut() {
            scale(route, &format!("{at}.routes[{index}]"), clock, notes);
        }
    }
}

fn deliver(receiver: &mut Map<String, Value>, inbox: &str, at: &str, notes: &mut Notes) {
    let mut webhooks = Vec::new();
    let mut was = Vec::new();
    for (field, channel, resolved) in CHANNELS {
        let Some(configs) = receiver.remove(field) else { continue };
        was.push(field);
        for config in configs.as_array().into_iter().flatten() {
            let resolved = config.get("sendResolved").and_then(Value::as_bool).unwrap_or(resolved);
            webhooks.push(json!({"url": format!("{inbox}/{channel}"), "sendResolved": resolved}));
        }
    }
    if !webhooks.is_empty() {
        let why = "the stage's inbox gets what would be sent";
        notes.note(at, was.join(", "), format!("webhookConfigs to {inbox}"), why);
        receiver.insert("webhookConfigs".to_owned(), webhooks.into());
    }
}
