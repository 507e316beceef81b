//! Alertmanager's configuration from AlertmanagerConfigs, as the operator would write it, with
//! every channel turned into a webhook to the stage's own inbox.

use std::net::SocketAddr;

use serde_json::{Map, Value, json};
use slo::Clock;

use crate::manifest::{AlertmanagerConfig, Matcher, Receiver, Route, prometheus_duration};

/// Alertmanager's own defaults, needed because the stage clock scales them too.
const GROUP_WAIT: &str = "30s";
const GROUP_INTERVAL: &str = "5m";
const REPEAT_INTERVAL: &str = "4h";

/// The whole configuration. Alerts that no AlertmanagerConfig wants go nowhere.
pub(super) fn config<'a>(
    clock: Clock,
    inbox: SocketAddr,
    configs: impl Iterator<Item = &'a AlertmanagerConfig>,
) -> Value {
    let mut routes = Vec::new();
    let mut receivers = vec![json!({"name": "null"})];
    let mut inhibit_rules = Vec::new();
    for config in configs {
        let namespace = format!("namespace=\"{}\"", config.metadata.namespace);
        let mut top = route(clock, config, &config.spec.route);
        add_matcher(&mut top, "matchers", &namespace);
        top.insert("continue".into(), true.into());
        routes.push(Value::Object(top));
        receivers.extend(config.spec.receivers.iter().map(|r| receiver(inbox, config, r)));
        inhibit_rules.extend(config.spec.inhibit_rules.iter().map(|rule| {
            let mut both = Map::new();
            both.insert("source_matchers".into(), matchers(&rule.source_match));
            both.insert("target_matchers".into(), matchers(&rule.target_match));
            add_matcher(&mut both, "source_matchers", &namespace);
            add_matcher(&mut both, "target_matchers", &namespace);
            both.insert("equal".into(), json!(rule.equal));
            Value::Object(both)
        }));
    }
    json!({
        "route": {"receiver": "null", "routes": routes},
        "receivers": receivers,
        "inhibit_rules": inhibit_rules,
    })
}

fn route(clock: Clock, config: &AlertmanagerConfig, route: &Route) -> Map<String, Value> {
    let mut map = Map::new();
    if let Some(name) = &route.receiver {
        map.insert(
            "receiver".into(),
            format!("{}/{name}", config.metadata.namespaced_name()).into(),
        );
    }
    if !route.group_by.is_empty() {
        map.insert("group_by".into(), json!(route.group_by));
    }
    let waits = [
        ("group_wait", &route.group_wait, GROUP_WAIT),
        ("group_interval", &route.group_interval, GROUP_INTERVAL),
        ("repeat_interval", &route.repeat_interval, REPEAT_INTERVAL),
    ];
    for (name, declared, default) in waits {
        let real = declared.as_deref().unwrap_or(default);
        // Text that is not a duration goes through as it is: Alertmanager refuses it and names
        // the field.
        let value = match prometheus_duration(real) {
            Some(real) => format!("{}s", clock.scale_seconds(real).as_secs().max(1)),
            None => real.to_owned(),
        };
        map.insert(name.into(), value.into());
    }
    map.insert("matchers".into(), matchers(&route.matchers));
    map.insert("continue".into(), route.goes_on.into());
    let below = route.routes.iter().map(|r| Value::Object(self::route(clock, config, r)));
    map.insert("routes".into(), below.collect());
    map
}

fn matchers(matchers: &[Matcher]) -> Value {
    let text = |m: &Matcher| {
        format!("{}{}{}", m.name, m.match_type.operator(), Value::from(m.value.as_str()))
    };
    matchers.iter().map(text).collect()
}

fn add_matcher(map: &mut Map<String, Value>, key: &str, matcher: &str) {
    if let Some(list) = map.get_mut(key).and_then(Value::as_array_mut) {
        list.push(matcher.into());
    }
}

/// Channels in the order of their names, each with Alertmanager's own default for `sendResolved`.
fn receiver(inbox: SocketAddr, config: &AlertmanagerConfig, receiver: &Receiver) -> Value {
    let channels: [(&str, &[Value], bool); 6] = [
        ("webhook", &receiver.webhook_configs, true),
        ("email", &receiver.email_configs, false),
        ("sns", &receiver.sns_configs, true),
        ("pagerduty", &receiver.pagerduty_configs, true),
        ("opsgenie", &receiver.opsgenie_configs, true),
        ("slack", &receiver.slack_configs, false),
    ];
    let webhooks = channels.iter().flat_map(|(channel, configs, resolved)| {
        configs.iter().map(move |c| {
            let send_resolved = c.get("sendResolved").and_then(Value::as_bool).unwrap_or(*resolved);
            json!({"url": format!("http://{inbox}/{channel}"), "send_resolved": send_resolved})
        })
    });
    let name = format!("{}/{}", config.metadata.namespaced_name(), receiver.name);
    json!({"name": name, "webhook_configs": webhooks.collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifests;

    #[test]
    fn routes_are_bound_to_their_namespace_and_waits_are_scaled() {
        let all = Manifests::parse(
            "a.yaml",
            "apiVersion: monitoring.coreos.com/v1alpha1\nkind: AlertmanagerConfig\nmetadata: {name: oncall, namespace: demo}\n\
             spec: {route: {receiver: mail, groupBy: [alertname], groupWait: 2m}, receivers: [{name: mail, emailConfigs: \
             [{to: x, sendResolved: true}, {to: y}]}]}",
        )
        .unwrap();
        let inbox: SocketAddr = "127.1.250.94:1".parse().unwrap();
        let config =
            config(Clock::Stage, inbox, all.alertmanager_configs.iter().map(|c| &c.object));
        assert_eq!(
            config["route"]["routes"][0],
            json!({"receiver": "demo/oncall/mail", "group_by": ["alertname"], "group_wait": "2s", "group_interval": "5s",
                   "repeat_interval": "240s", "matchers": ["namespace=\"demo\""], "continue": true, "routes": []})
        );
        assert_eq!(
            config["receivers"][1],
            json!({"name": "demo/oncall/mail", "webhook_configs": [
                {"url": "http://127.1.250.94:1/email", "send_resolved": true},
                {"url": "http://127.1.250.94:1/email", "send_resolved": false}]})
        );
    }
}
