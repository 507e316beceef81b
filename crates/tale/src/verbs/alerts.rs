//! `tale alerts`: what is pending or firing on the stage, and since when.

use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};

use crate::cli::Place;
use crate::control::Running;
use crate::folders::Project;
use crate::in_cluster;
use crate::prometheus::{Prometheus, Series};
use crate::terminal::{Table, note, print};

/// Labels that have a column of their own, or say nothing.
const TOLD: [&str; 5] = ["__name__", "alertname", "alertstate", "severity", "namespace"];

/// Prints the alerts of the stage that answers.
///
/// # Errors
/// No stage is running, or its Prometheus does not answer.
pub async fn run(project: &Project, place: &Place) -> Result<ExitCode> {
    if place.is_cluster() {
        // The way to its Prometheus lasts as long as the stage.
        let stage = in_cluster::attach(place).await?;
        return show(stage.place().prometheus.as_deref()).await;
    }
    show(Running::find(project).await?.status().await?.urls.prometheus.as_deref()).await
}

async fn show(prometheus: Option<&str>) -> Result<ExitCode> {
    let url = prometheus.context("the stage has no Prometheus, so no alerts")?;
    let prometheus = Prometheus::new(url);
    let ask =
        async |query: &str| prometheus.query(query, None).await.map_err(|why| anyhow!("{why}"));
    let alerts = ask("ALERTS").await?;
    if alerts.is_empty() {
        note("no alert is pending or firing");
        return Ok(ExitCode::SUCCESS);
    }
    let since = ask("time() - ALERTS_FOR_STATE").await?;
    print(&table(&alerts, &since).for_people());
    Ok(ExitCode::SUCCESS)
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
