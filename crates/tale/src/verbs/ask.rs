//! The Prometheus that a verb asks: the one that its arguments name, or that of the stage.

use anyhow::Result;

use crate::cli::Server;
use crate::control::Running;
use crate::folders::Project;
use crate::prometheus::{Access, Files, Prometheus};

/// The Prometheus of `--prometheus` with all that it wants to see, or that of the stage that `up`
/// started.
///
/// # Errors
/// An address, a file or a variable that cannot be used; there is no stage.
pub(super) async fn prometheus(project: &Project, server: &Server) -> Result<Prometheus> {
    match named(server)? {
        Some(prometheus) => Ok(prometheus),
        None => Ok(Prometheus::new(&Running::prometheus(project).await?)),
    }
}

/// The Prometheus of `--prometheus`, if there is one.
///
/// # Errors
/// An address, a file or a variable that cannot be used.
pub(super) fn named(server: &Server) -> Result<Option<Prometheus>> {
    let Some(url) = &server.prometheus else {
        return Ok(None);
    };
    let files = Files {
        ca: server.ca_file.clone(),
        token: server.token_file.clone(),
        basic_auth: server.basic_auth_file.clone(),
        headers: server.header_file.clone(),
    };
    Ok(Some(Prometheus::at(Access::new(url, &files)?)))
}
