//! `tale down`: ends the stage of `tale up`, and does not return before it is gone.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::cli::Place;
use crate::control::{self, Claim, Request, Running};
use crate::folders::{self, Project};
use crate::in_cluster;
use crate::terminal::print;

/// The longest that a stage may take to end by itself.
const GENTLE: Duration = Duration::from_secs(30);
/// The longest that a killed process may take to vanish.
const FORCED: Duration = Duration::from_secs(5);

/// Ends the stage of `tale up`. It is no mistake if there is none.
///
/// # Errors
/// The stage cannot even be killed.
pub async fn run(project: &Project, place: &Place) -> Result<ExitCode> {
    let text = if place.is_cluster() {
        in_cluster::down(place).await?
    } else {
        down(project.folder()?).await?
    };
    print(&text);
    Ok(ExitCode::SUCCESS)
}

/// Returns what to print.
async fn down(root: &Path) -> Result<String> {
    let dir = folders::up(root);
    let since = Instant::now();
    let logs = dir.strip_prefix(root).unwrap_or(&dir).display();
    if let Some(stage) = Running::at(&dir).await
        && stage.ask(&Request::Down).await.is_ok()
        && Claim::wait_free(&dir, GENTLE).await
    {
        let took = since.elapsed().as_secs_f64();
        return Ok(format!("the stage is down after {took:.1} s; its logs are in {logs}"));
    }
    if Claim::is_taken(&dir) {
        kill(&dir).await?;
        remove_socket(&dir);
        return Ok(format!("the stage did not answer and was killed; its logs are in {logs}"));
    }
    if remove_socket(&dir) {
        return Ok("no stage is running; removed what a killed one had left".to_owned());
    }
    let plays: Vec<String> = Running::all(root)
        .await
        .into_iter()
        .map(|one| format!("; `{}` ends with its story or with Ctrl-C", one.hello.name))
        .collect();
    Ok(format!("no stage is running{}", plays.concat()))
}

/// For a stage that hangs. The kernel ends its pods with it.
async fn kill(dir: &Path) -> Result<()> {
    let holder = Claim::holder(dir).filter(|pid| is_stage(*pid));
    if let Some(pid) = holder.and_then(Pid::from_raw) {
        let _ = kill_process(pid, Signal::KILL);
    }
    if Claim::wait_free(dir, FORCED).await {
        return Ok(());
    }
    let lock = dir.join("lock");
    bail!(
        "cannot end the stage; find the process that holds {} with `fuser` and kill it",
        lock.display()
    )
}

/// Whether this is still the process that wrote down its number.
fn is_stage(pid: i32) -> bool {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0).any(|arg| arg == b"stage-run")
}

fn remove_socket(dir: &Path) -> bool {
    control::socket(dir).is_ok_and(|socket| std::fs::remove_file(socket).is_ok())
}
