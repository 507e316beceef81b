//! `tale inbox`: everybody's mail, phone and chat on the stage, oldest first.

use std::process::ExitCode;

use anyhow::Result;
use jiff::Timestamp;
use stage::Notification;

use crate::cli::Place;
use crate::control::Running;
use crate::folders::Project;
use crate::in_cluster;
use crate::terminal::{Table, note, print};

/// Prints what Alertmanager has sent on the stage that answers.
///
/// # Errors
/// No stage is running, or it does not answer.
pub async fn run(project: &Project, place: &Place) -> Result<ExitCode> {
    let messages = if place.is_cluster() {
        in_cluster::attach(place).await?.mail().await?
    } else {
        Running::find(project).await?.inbox().await?
    };
    if messages.is_empty() {
        note("nobody was told anything");
        return Ok(ExitCode::SUCCESS);
    }
    print(&table(&messages, Timestamp::now()).for_people());
    Ok(ExitCode::SUCCESS)
}

fn table(messages: &[Notification], now: Timestamp) -> Table {
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
