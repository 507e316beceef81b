//! `tale alerts`: what is pending or firing on the stage, and since when.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::cli::Place;
use crate::control::Running;
use crate::folders::Project;
use crate::in_cluster;
use crate::prometheus::Prometheus;
use crate::tables::alerts::{NONE, all};
use crate::terminal::{note, print};

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
    let alerts = all(&Prometheus::new(url)).await?;
    if alerts.is_empty() {
        note(NONE);
    } else {
        print(&alerts.for_people());
    }
    Ok(ExitCode::SUCCESS)
}
