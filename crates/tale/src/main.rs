//! Reads the arguments and hands them to the verb that they name.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use tale::cli::{Cli, Command};
use tale::exit::UNDECIDED;
use tale::folders::Project;
use tale::terminal::{interrupted, note, told};
use tale::{first_process, folders, hidden, in_cluster, verbs};

fn main() -> ExitCode {
    if first_process::is_it() {
        return first_process::run().unwrap_or_else(failed);
    }
    if let Some(code) = hidden::run() {
        return code;
    }
    let command = match Cli::parse().command {
        Command::Load { args } => return verbs::load::run(args),
        command => command,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = runtime
        .context("cannot start worker threads")
        .and_then(|runtime| runtime.block_on(run(command)));
    result.unwrap_or_else(failed)
}

fn failed(why: anyhow::Error) -> ExitCode {
    note(&format!("tale: {}", told(&why)));
    ExitCode::from(UNDECIDED)
}

async fn run(command: Command) -> Result<ExitCode> {
    let project = Project::find();
    if let Ok(root) = project.folder() {
        folders::tidy(root);
    }
    match command {
        Command::Idle => {
            interrupted().await;
            Ok(ExitCode::SUCCESS)
        }
        Command::List => verbs::list::run(&project),
        Command::Play(args) => verbs::play::run(&project, args).await,
        Command::Up(args) => verbs::up::run(&project, &args).await,
        Command::StageRun(args) => verbs::stage_run::run(&project, &args).await,
        Command::Down(place) => verbs::down::run(&project, &place).await,
        Command::Status { process, json, place } => {
            verbs::status::run(&project, process, json, &place).await
        }
        Command::Alerts(place) => verbs::alerts::run(&project, &place).await,
        Command::Inbox(place) => verbs::inbox::run(&project, &place).await,
        Command::Logs(args) => verbs::logs::run(&project, &args).await,
        Command::Set(args) => verbs::set::run(&project, &args).await,
        Command::Rollout(args) => verbs::rollout::run(&project, &args).await,
        Command::Reset(place) => verbs::reset::run(&project, &place).await,
        Command::Chaos(args) => verbs::chaos::run(&project, args).await,
        Command::Load { args } => Ok(verbs::load::run(args)),
        Command::Gate(args) => verbs::gate::run(&project, args).await,
        Command::Slo(verb) => verbs::slo::run(&project, verb).await,
        Command::Images(verb) => verbs::images::run(&project, verb),
        Command::Cluster(verb) => verbs::cluster::run(&project, verb).await,
        Command::Workshop(args) => in_cluster::workshop(&project, args).await,
        Command::Gen { check } => verbs::generate::run(&project, check),
        Command::Doctor { fix, place } => verbs::doctor::run(&project, fix, &place).await,
    }
}
