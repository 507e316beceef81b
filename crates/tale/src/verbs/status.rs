//! `tale status`: what runs on a stage and where, as a table for people and as JSON for programs.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use stage::Stage;

use crate::cli::Place;
use crate::control::{Running, Status};
use crate::folders::Project;
use crate::in_cluster;
use crate::pages::Pages;
use crate::prometheus::Prometheus;
use crate::tables::status::{about, table};
use crate::terminal::print;

/// Prints what runs on the stage that answers.
///
/// # Errors
/// No stage is running, or it does not answer.
pub async fn run(
    project: &Project,
    process: Option<u32>,
    json: bool,
    place: &Place,
) -> Result<ExitCode> {
    if place.is_cluster() {
        // The way to its Prometheus lasts as long as the stage.
        let stage = in_cluster::attach(place).await?;
        return show(of_cluster(&*stage, place).await?, json).await;
    }
    let stage = match process {
        Some(process) => Running::of_process(project, process).await?,
        None => Running::find(project).await?,
    };
    show(stage.status().await?, json).await
}

async fn show(status: Status, json: bool) -> Result<ExitCode> {
    if json {
        print(&serde_json::to_string_pretty(&status)?);
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = table(&status);
    if let Some(url) = &status.urls.prometheus {
        text.push_str(&about("alerts", &alerts(&Prometheus::new(url)).await));
    }
    text.push_str(&pages(&Pages::of(&status.urls).await));
    print(&text);
    Ok(ExitCode::SUCCESS)
}

/// The same of a stage in a cluster, which has no process and no folder.
pub(super) async fn of_cluster(stage: &dyn Stage, place: &Place) -> Result<Status> {
    let (pods, chaos) = (stage.status().await?, stage.chaos().await?);
    let name = format!("in the namespace {}", place.namespace);
    Ok(Status::new(&name, PathBuf::new(), stage.place(), (*pods).clone(), &chaos))
}

/// What can be opened in a browser.
pub(super) fn pages(pages: &Pages) -> String {
    let pages = [("alerts page", &pages.alerts), ("Alertmanager", &pages.alertmanager)];
    pages.iter().filter_map(|(what, url)| Some(about(what, url.as_ref()?))).collect()
}

/// How many alerts are firing and pending, with their names.
async fn alerts(prometheus: &Prometheus) -> String {
    let Ok(alerts) = prometheus.query("ALERTS", None).await else {
        return "unknown: Prometheus does not answer".to_owned();
    };
    let of = |state: &str| {
        let inside = alerts
            .iter()
            .filter(|alert| alert.metric.get("alertstate").is_some_and(|is| is == state));
        inside.filter_map(|alert| alert.metric.get("alertname")).collect::<BTreeSet<_>>()
    };
    let told = |sign: &str, state: &str| {
        let names: Vec<&str> = of(state).into_iter().map(String::as_str).collect();
        (!names.is_empty()).then(|| format!("{sign} {state}: {}", names.join(", ")))
    };
    let told: Vec<String> =
        [told("▲", "firing"), told("…", "pending")].into_iter().flatten().collect();
    if told.is_empty() {
        "none".to_owned()
    } else {
        format!("{}; see `tale alerts`", told.join("; "))
    }
}
