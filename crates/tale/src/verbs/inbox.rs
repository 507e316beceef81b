//! `tale inbox`: everybody's mail, phone and chat on the stage, oldest first.

use std::process::ExitCode;

use anyhow::Result;
use jiff::Timestamp;

use crate::cli::Place;
use crate::control::Running;
use crate::folders::Project;
use crate::in_cluster;
use crate::tables::inbox::table;
use crate::terminal::{note, print};

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
