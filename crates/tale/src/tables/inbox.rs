//! Who was told what, oldest first.

use jiff::Timestamp;
use stage::Notification;

use crate::terminal::Table;

/// A line per alert of a message.
pub(crate) fn table(messages: &[Notification], now: Timestamp) -> Table {
    let mut table = Table::new([">AGO", "BY", "TO", "STATE", "ALERT"]);
    let now = now.as_millisecond() as f64 / 1000.0;
    for message in messages {
        // `namespace/AlertmanagerConfig/receiver`
        let receiver = message.receiver.rsplit('/').next().unwrap_or_default();
        for alert in &message.alerts {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
            let sign = if alert["status"] == "firing" { "▲" } else { "✓" };
            table.row([
                format!("{:.0} s", (now - message.at).max(0.0)),
                message.channel.clone(),
                receiver.to_owned(),
                format!("{sign} {}", text(&alert["status"])),
                text(&alert["labels"]["alertname"]),
            ]);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_alert_of_a_message_is_a_line() {
        let message = Notification {
            at: 90.0,
            channel: "email".to_owned(),
            receiver: "default/dns-leaker/mail".to_owned(),
            status: "firing".to_owned(),
            alerts: vec![
                json!({"status": "firing", "labels": {"alertname": "A"}}),
                json!({"status": "resolved", "labels": {"alertname": "B"}}),
            ],
        };
        let text = table(&[message], Timestamp::from_second(100).unwrap()).to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "10 s   email   mail   ▲ firing     A");
        assert_eq!(lines[2], "10 s   email   mail   ✓ resolved   B");
    }
}
