//! `tale reset`: begin anew, as after a rehearsal.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::cli::Place;
use crate::folders::Project;
use crate::in_cluster;
use crate::terminal::print;

/// Ends experiments, and starts pods and what watches them afresh.
///
/// # Errors
/// The stage is a local one, or the cluster does not answer.
pub async fn run(_: &Project, place: &Place) -> Result<ExitCode> {
    if !place.is_cluster() {
        bail!("the local stage begins anew with `./tale down` and `./tale up`, in a second");
    }
    in_cluster::reset(place).await?;
    print("the stage is as after `up`: no experiment, new pods, an empty Prometheus");
    Ok(ExitCode::SUCCESS)
}
