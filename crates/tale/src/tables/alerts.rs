//! What is pending or firing, and since when.

use anyhow::{Result, anyhow};

use crate::prometheus::{Prometheus, Series};
use crate::terminal::Table;

/// Labels that have a column of their own, or say nothing.
const TOLD: [&str; 5] = ["__name__", "alertname", "alertstate", "severity", "namespace"];

/// Instead of an empty table.
pub(crate) const NONE: &str = "no alert is pending or firing";

/// The alerts, as they look on no terminal.
///
/// # Errors
/// Prometheus does not answer.
pub(crate) async fn text(prometheus: &Prometheus) -> Result<String> {
    let alerts = all(prometheus).await?;
    Ok(if alerts.is_empty() { NONE.to_owned() } else { alerts.to_string() })
}

/// The alerts of a stage.
///
/// # Errors
/// Prometheus does not answer.
pub(crate) async fn all(prometheus: &Prometheus) -> Result<Table> {
    let ask =
        async |query: &str| prometheus.query(query, None).await.map_err(|why| anyhow!("{why}"));
    let (alerts, since) = (ask("ALERTS").await?, ask("time() - ALERTS_FOR_STATE").await?);
    Ok(table(&alerts, &since))
}

/// What fires comes first.
fn table(alerts: &[Series], since: &[Series]) -> Table {
    let mut table = Table::new(["STATE", "SEVERITY", "ALERT", ">FOR", "LABELS"]);
    let mut alerts: Vec<&Series> = alerts.iter().collect();
    alerts.sort_by_key(|alert| (label(alert, "alertstate"), label(alert, "alertname")));
    for alert in alerts {
        let age = since.iter().find(|other| {
            let mine = alert
                .metric
                .iter()
                .filter(|(name, _)| !["alertstate", "__name__"].contains(&name.as_str()));
            mine.clone().count() + usize::from(other.metric.contains_key("__name__"))
                == other.metric.len()
                && mine.into_iter().all(|(name, value)| other.metric.get(name) == Some(value))
        });
        let labels = alert.metric.iter().filter(|(name, _)| !TOLD.contains(&name.as_str()));
        let labels: Vec<String> = labels.map(|(name, value)| format!("{name}={value}")).collect();
        let sign = if label(alert, "alertstate") == "firing" { "▲" } else { "…" };
        table.row([
            format!("{sign} {}", label(alert, "alertstate")),
            label(alert, "severity").to_owned(),
            label(alert, "alertname").to_owned(),
            age.map_or_else(|| "-".to_owned(), |age| format!("{:.0} s", age.number())),
            labels.join(" "),
        ]);
    }
    table
}

fn label<'s>(series: &'s Series, name: &str) -> &'s str {
    series.metric.get(name).map_or("-", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(labels: &[(&str, &str)], value: &str) -> Series {
        let metric = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Series { metric: metric.collect(), value: Some((0.0, value.to_owned())), values: vec![] }
    }

    #[test]
    fn what_fires_stands_above_what_waits_each_with_its_age() {
        let alerts = [
            series(&[("alertname", "B"), ("alertstate", "pending"), ("pod", "p")], "1"),
            series(&[("alertname", "A"), ("alertstate", "firing"), ("severity", "page")], "1"),
        ];
        let since = [series(&[("alertname", "A"), ("severity", "page")], "12.4")];
        let text = table(&alerts, &since).to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].starts_with("▲ firing") && lines[1].contains("12 s"), "{text}");
        assert!(lines[2].starts_with("… pending") && lines[2].contains("pod=p"), "{text}");
    }
}
