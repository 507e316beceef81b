//! The program from outside, as users run it: plays, stages, gates, objectives, reports. One
//! binary, so that everything is linked once.
//!
//! Tests that start a stage hold a turn (`testkit::turn`): those that measure under load run alone.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "clippy takes helpers outside of test functions for production code"
)]

mod alerting;
mod browser;
mod container;
mod fake_prometheus;
mod gate;
mod images;
mod manifests;
mod offline;
mod openslo;
mod pipelines;
mod play;
mod release;
mod report;
mod rollout;
mod slo;
mod terminal;
mod up;

use testkit::program::{Ended, Running};
use testkit::project::{Project, root};
use tokio::process::Command;

/// The program, as Cargo has built it for these tests.
const TALE: &str = env!("CARGO_BIN_EXE_tale");

/// Runs `tale` in the project's own folder, for what starts no stage.
async fn tale(args: &[&str]) -> Ended {
    Running::start(Command::new(TALE).args(args).current_dir(root())).end().await
}

/// A copy of the project, for what starts one.
async fn project() -> Project {
    Project::new(TALE).await
}
