//! `tale images`: the image of the project's programs.

use std::process::ExitCode;

use anyhow::Result;

use crate::cli::Images;
use crate::folders::Project;
use crate::in_cluster;
use crate::terminal::print;

/// Builds the image, and brings it to where it is wanted.
///
/// # Errors
/// A program is missing, or the tool that brings it fails.
pub async fn run(project: &Project, args: Images) -> Result<ExitCode> {
    print(&in_cluster::images(project.folder()?, args.verb, &args.place).await?);
    Ok(ExitCode::SUCCESS)
}
