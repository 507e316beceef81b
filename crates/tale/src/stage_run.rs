//! `tale stage-run`: the background process that `tale up` starts. It holds the stage until
//! somebody asks for the end.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use crate::cli::Up;
use crate::control::{Claim, Server};
use crate::world::World;
use crate::{stage_dirs, up};

/// The longest that the end may take; what is left then dies with this process.
const END: Duration = Duration::from_secs(20);

/// Holds the stage until `stop` resolves or a client asks for the end.
///
/// # Errors
/// What kept the stage from starting. Nothing is left running then.
pub async fn stage_run(root: &Path, args: &Up, stop: impl Future<Output = ()>) -> Result<()> {
    // Away from the terminal: neither its Ctrl-C nor its end is meant for the stage. Fails only for
    // who is away already.
    let _ = rustix::process::setsid();
    let setup = up::setup(root, args)?;
    let dir = stage_dirs::up(root);
    // Given up by the kernel and not before: then a free folder means that this process is gone.
    std::mem::forget(Claim::take(&dir).await?);
    let server = Server::open(&dir, "up")?;
    let end = async {
        tokio::select! {
            () = stop => {}
            () = server.end_asked() => {}
        }
    };
    tokio::pin!(end);
    let world = tokio::select! {
        world = World::start(setup) => Arc::new(world?),
        () = &mut end => return Ok(()),
    };
    server.ready(world.clone());
    end.await;
    let _ = tokio::time::timeout(END, world.down()).await;
    Ok(())
}
