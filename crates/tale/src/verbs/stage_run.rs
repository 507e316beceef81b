//! `tale stage-run`: the background process that `tale up` starts. It holds the stage until
//! somebody asks for the end.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;

use super::up;
use crate::cli::Up;
use crate::control::{Claim, Server};
use crate::folders::{self, Project};
use crate::front::Front;
use crate::setup;
use crate::terminal::interrupted;

/// The longest that the end may take; what is left then dies with this process.
const END: Duration = Duration::from_secs(20);

/// Holds the stage until a signal or a client asks for the end.
///
/// # Errors
/// What kept the stage from starting. Nothing is left running then.
pub async fn run(project: &Project, args: &Up) -> Result<ExitCode> {
    // Away from the terminal: neither its Ctrl-C nor its end is meant for the stage. Fails only for
    // who is away already.
    let _ = rustix::process::setsid();
    let root = project.folder()?;
    let setup = up::setup(root, args)?;
    let dir = folders::up(root);
    // Given up by the kernel and not before: then a free folder means that this process is gone.
    std::mem::forget(Claim::take(&dir).await?);
    let server = Server::open(&dir, "up")?;
    let front = Front::open(args.listen, "up", None).await?;
    let end = async {
        tokio::select! {
            () = interrupted() => {}
            () = server.end_asked() => {}
        }
    };
    tokio::pin!(end);
    let started = async {
        let stage = setup::start_local(&setup).await?;
        if let Some(front) = &front {
            front.ready(stage.clone());
        }
        setup::fill(&*stage, &setup).await?;
        anyhow::Ok(stage)
    };
    let stage = tokio::select! {
        stage = started => stage?,
        () = &mut end => return Ok(ExitCode::SUCCESS),
    };
    server.ready(stage.clone());
    end.await;
    let _ = tokio::time::timeout(END, stage.down()).await;
    Ok(ExitCode::SUCCESS)
}
