//! `tale play`: a tale from its first act to its report.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::cli::Play;
use crate::exit::{BROKEN, INTERRUPTED, KEPT, UNDECIDED};
use crate::folders::{self, Project};
use crate::in_cluster;
use crate::play::{LeftOut, Options, Pace, Played, play};
use crate::report::{self, Outcome, Verdict};
use crate::setup::{Setup, start_local};
use crate::terminal::{Interruptions, Ui, need_keys, note, print};

/// Plays a tale and says how it went.
///
/// # Errors
/// What kept it from being played.
pub async fn run(project: &Project, args: Play) -> Result<ExitCode> {
    for (wanted, option) in [(args.step, "--step"), (args.stay, "--stay")] {
        if wanted {
            need_keys(option)?;
        }
    }
    let root = project.folder()?;
    let (json, keep, place) = (args.json, args.keep, args.place.clone());
    let on_cluster = place.is_cluster();
    let options = options(root, args);
    let ui = Ui::new();
    let mut interruptions = Interruptions::listen().context("cannot listen to signals")?;
    let stop = async {
        interruptions.next().await;
        ui.line("");
        ui.line("tale: stopping; Ctrl-C again to kill what is left");
        tokio::spawn(kill_at_next(interruptions, on_cluster));
    };
    let start = async |setup: &Setup| {
        if on_cluster {
            in_cluster::start(root, &place, setup.clock).await
        } else {
            start_local(setup).await
        }
    };
    let tell = |played: &Played| summary(&ui, played, options.seed);
    let played = match play(root, &options, &ui, start, stop, tell).await {
        Ok(played) => played,
        Err(why) => {
            report::discard(&options.out);
            return Err(why);
        }
    };
    if keep {
        ui.whole(&format!("logs and data: {}", folders::play(root, &options.tale).display()));
    }
    if json {
        print(&report::json(&played.report));
    }
    Ok(ExitCode::from(code(&played)))
}

fn options(root: &Path, args: Play) -> Options {
    let out =
        args.out.as_deref().map(|out| std::path::absolute(out).unwrap_or_else(|_| out.into()));
    Options {
        out: out.unwrap_or_else(|| folders::report(root, &args.tale)),
        clock: args.clock.into(),
        seed: args.seed.unwrap_or_else(|| u64::from(std::process::id())),
        set: args.set.into_iter().collect(),
        left_out: match args.without_chaos {
            None => LeftOut::Nothing,
            Some(None) => LeftOut::All,
            Some(Some(name)) => LeftOut::Experiment(name),
        },
        keep: args.keep,
        pace: Pace { step: args.step, stay: args.stay },
        tale: args.tale,
    }
}

fn code(played: &Played) -> u8 {
    match played.report.verdict {
        _ if played.stopped => INTERRUPTED,
        Verdict::Kept => KEPT,
        Verdict::Broken => BROKEN,
        Verdict::Undecided => UNDECIDED,
    }
}

/// The last lines of a play.
fn summary(ui: &Ui, played: &Played, seed: u64) {
    let report = &played.report;
    let word = match report.verdict {
        _ if played.stopped => ui.yellow("stopped"),
        Verdict::Kept => ui.green("all promises kept"),
        Verdict::Broken => ui.red("a promise was broken"),
        Verdict::Undecided => ui.yellow("could not judge"),
    };
    let kept = report.promises.iter().filter(|promise| promise.outcome == Outcome::Kept).count();
    let all = report.promises.len();
    ui.line("");
    ui.line(&format!("{word}: {kept} of {all} in {:.0} s, seed {seed}", report.seconds));
    // On a line of its own, so that it can be opened with a click.
    ui.whole(&format!("report: {}", played.page.display()));
    ui.line("");
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
