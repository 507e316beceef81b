//! `tale play`: a tale from its first act to its report.

use std::io::{IsTerminal, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};

use crate::cli::Play;
use crate::exit::{BROKEN, INTERRUPTED, KEPT, UNDECIDED};
use crate::folders::{self, Project};
use crate::front::Front;
use crate::in_cluster;
use crate::play::{LeftOut, Options, Pace, Played, play};
use crate::report::{self, Outcome, Verdict, WriteError};
use crate::setup::{self, Setup, start_local};
use crate::terminal::{Interruptions, Ui, need_keys, note, print};

/// Plays a tale and says how it went.
///
/// # Errors
/// What kept it from being played.
pub async fn run(project: &Project, args: Play) -> Result<ExitCode> {
    // Where a page is served, somebody may look at it who has no keyboard here.
    let stay = args.stay && !Front::is_wanted(args.listen);
    for (wanted, option) in [(args.step, "--step"), (stay, "--stay")] {
        if wanted {
            need_keys(option)?;
        }
    }
    let root = project.folder()?;
    let to_stdout = args.out.as_deref() == Some(Path::new(STDOUT));
    ensure!(
        !(to_stdout && stdout().is_terminal()),
        "--out - writes a tar file, which is nothing for a terminal: add > report.tar, or | tar x"
    );
    let (json, keep, listen, place) = (args.json, args.keep, args.listen, args.place.clone());
    let on_cluster = place.is_cluster();
    ensure!(
        !(on_cluster && listen.is_some()),
        "--listen is for this machine; in a cluster, kubectl port-forward leads everywhere"
    );
    let options = options(root, args);
    let ui = Ui::new();
    let name = format!("play {}", options.tale);
    let front =
        if on_cluster { None } else { Front::open(listen, &name, Some(&options.out)).await? };
    let mut interruptions = Interruptions::listen().context("cannot listen to signals")?;
    let stop = async {
        interruptions.next().await;
        ui.line("");
        ui.line("tale: stopping; Ctrl-C again to kill what is left");
        tokio::spawn(kill_at_next(interruptions, on_cluster, folders::stages(root)));
    };
    let start = async |setup: &Setup| {
        if on_cluster {
            return in_cluster::start(root, &place, setup.clock).await;
        }
        let stage = start_local(setup).await?;
        if let Some(front) = &front {
            front.ready(stage.clone());
            ui.whole(&format!("  · page: {}", front.url()));
        }
        Ok(stage)
    };
    let tell = |played: &Played| {
        let page = if to_stdout { STDOUT.as_ref() } else { &*played.page };
        summary(&ui, played, options.seed, page);
        if to_stdout && let Err(why) = report::pack(&options.out, &mut stdout().lock()) {
            note(&format!("tale: the report was not written to standard output: {why}"));
        }
    };
    let played = match play(root, &options, &ui, start, stop, tell).await {
        Ok(played) => played,
        Err(why) => {
            let unwritable = why.downcast_ref::<WriteError>().is_some();
            let mounted = mounted().is_some_and(|folder| options.out.starts_with(folder));
            report::discard(&options.out, &folders::reports(root));
            return Err(if unwritable && mounted { why.context(NOT_YOURS) } else { why });
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

/// What means standard output in the place of a folder.
const STDOUT: &str = "-";
/// Where reports go when nobody says where, if that folder is there: in a container, a volume.
const OUT: &str = "TALES_OUT";

/// What is most often the matter with that one.
const NOT_YOURS: &str = "a mounted folder belongs to somebody else; run the container with \
    --user \"$(id -u):$(id -g)\", or take the report from --out -";

fn mounted() -> Option<PathBuf> {
    std::env::var_os(OUT).map(PathBuf::from).filter(|folder| folder.is_dir())
}

fn options(root: &Path, args: Play) -> Options {
    let named = args.out.as_deref().filter(|out| *out != Path::new(STDOUT));
    let out = match &args.out {
        Some(_) => named.map(Path::to_owned),
        None => mounted(),
    };
    let out = out.map(|out| std::path::absolute(&out).unwrap_or(out));
    Options {
        out: out.unwrap_or_else(|| folders::report(root, &args.tale)),
        clock: args.clock.into(),
        seed: args.seed.unwrap_or_else(setup::seed),
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
fn summary(ui: &Ui, played: &Played, seed: u64, page: &Path) {
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
    ui.whole(&if page == Path::new(STDOUT) {
        "report: on standard output, as a tar file".to_owned()
    } else {
        format!("report: {}", page.display())
    });
    ui.line("");
}

/// A second Ctrl-C ends everything at once: the children die with this process. What is in a
/// cluster stays until somebody takes it away, experiments until their own end.
async fn kill_at_next(mut interruptions: Interruptions, on_cluster: bool, logs: PathBuf) {
    interruptions.next().await;
    note(&if on_cluster {
        "tale: killed; what is left in the cluster goes with `./tale down --on cluster`".to_owned()
    } else {
        format!("tale: killed; logs are in {}", logs.display())
    });
    std::process::exit(i32::from(INTERRUPTED));
}
