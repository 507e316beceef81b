//! `tale play`: a tale from its first act to its report.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use anyhow::{Context, Result};

use crate::cli::Play;
use crate::exit::{BROKEN, INTERRUPTED, KEPT, UNDECIDED};
use crate::folders::Project;
use crate::in_cluster;
use crate::play::{LeftOut, Options, Played, play};
use crate::report::{self, Outcome, Verdict};
use crate::setup::{Setup, start_local};
use crate::terminal::{Interruptions, Ui, note, print};

/// Plays a tale and says how it went.
///
/// # Errors
/// What kept it from being played.
pub async fn run(project: &Project, args: Play) -> Result<ExitCode> {
    let root = project.folder()?;
    let json = args.json;
    let place = args.place.clone();
    let options = options(root, args);
    let ui = Ui::new();
    let on_cluster = place.is_cluster();
    let interrupted = AtomicBool::new(false);
    let mut interruptions = Interruptions::listen().context("cannot listen to signals")?;
    let stop = async {
        interruptions.next().await;
        interrupted.store(true, Relaxed);
        ui.line("\ntale: stopping; Ctrl-C again to kill what is left");
        tokio::spawn(kill_at_next(interruptions, on_cluster));
    };
    let start = async |setup: &Setup| {
        if place.is_cluster() {
            in_cluster::start(root, &place, setup.clock).await
        } else {
            start_local(setup).await
        }
    };
    let played = play(root, &options, &ui, start, stop).await?;
    let code = summary(&ui, &played, options.seed, interrupted.into_inner());
    if json {
        print(&report::json(&played.report));
    }
    Ok(ExitCode::from(code))
}

fn options(root: &Path, args: Play) -> Options {
    let reports = || root.join(".tales").join("reports").join(&args.tale);
    Options {
        out: args.out.clone().unwrap_or_else(reports),
        clock: args.clock.into(),
        seed: args.seed.unwrap_or_else(|| u64::from(std::process::id())),
        set: args.set.into_iter().collect(),
        left_out: match args.without_chaos {
            None => LeftOut::Nothing,
            Some(None) => LeftOut::All,
            Some(Some(name)) => LeftOut::Experiment(name),
        },
        keep: args.keep,
        tale: args.tale,
    }
}

/// The last lines of a play; returns its exit code.
fn summary(ui: &Ui, played: &Played, seed: u64, interrupted: bool) -> u8 {
    let report = &played.report;
    let (code, word) = match report.verdict {
        _ if interrupted => (INTERRUPTED, ui.yellow("stopped")),
        Verdict::Kept => (KEPT, ui.green("all promises kept")),
        Verdict::Broken => (BROKEN, ui.red("a promise was broken")),
        Verdict::Undecided => (UNDECIDED, ui.yellow("could not judge")),
    };
    let kept = report.promises.iter().filter(|promise| promise.outcome == Outcome::Kept).count();
    ui.line(&format!(
        "\n{word}: {kept} of {} in {:.0} s, seed {seed}\nreport: {}\n",
        report.promises.len(),
        report.seconds,
        shown(&played.page),
    ));
    code
}

/// A second Ctrl-C ends everything at once: the children die with this process. What is in a
/// cluster stays until somebody takes it away, experiments until their own end.
async fn kill_at_next(mut interruptions: Interruptions, on_cluster: bool) {
    interruptions.next().await;
    note(if on_cluster {
        "tale: killed; what is left in the cluster goes with `./tale down --on cluster`"
    } else {
        "tale: killed; logs are in .tales/"
    });
    std::process::exit(i32::from(INTERRUPTED));
}

/// A path as short as it can be typed.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::new());
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}
