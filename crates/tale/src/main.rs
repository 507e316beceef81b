//! Reads the arguments and calls the function they ask for.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;
use tale::cli::{self, Cli, Command, OnArg};
use tale::control::{Request, Running};
use tale::down::down;
use tale::interruptions::Interruptions;
use tale::play::{self, LeftOut, Options};
use tale::report::Verdict;
use tale::stage_run::stage_run;
use tale::ui::Ui;
use tale::{ask_gate, chaos_verbs, doctor, generate, slo_verbs, stage_dirs, story::Tale};

/// Exit codes besides 0.
const BROKEN: u8 = 1;
const UNDECIDED: u8 = 2;
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    // How the stage starts its pods: this program, as the last step before theirs. Not for people,
    // hence not in --help.
    let mut args = std::env::args_os();
    if args.nth(1).is_some_and(|first| first == "pod-shim") {
        let Err(why) = stage::shim::exec(args);
        Ui::new().line(&format!("tale: {why}"));
        return ExitCode::from(127);
    }
    // How the stage takes a pod's CPU time and memory away: this program, as a worker beside it.
    let mut args = std::env::args_os();
    if args.nth(1).is_some_and(|first| first == "stress-worker") {
        let Err(why) = stage::stress::exec(args) else {
            return ExitCode::SUCCESS;
        };
        Ui::new().line(&format!("tale: {why}"));
        return ExitCode::from(127);
    }
    let cli = Cli::parse();
    if let Command::Load { args } = cli.command {
        return load::run(as_load(args));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = runtime
        .context("cannot start worker threads")
        .and_then(|runtime| runtime.block_on(run(cli)));
    result.unwrap_or_else(|why| {
        Ui::new().line(&format!("tale: {why:#}"));
        ExitCode::from(UNDECIDED)
    })
}

async fn run(cli: Cli) -> Result<ExitCode> {
    let root = stage_dirs::project()
        .context("there are no tales here; run this in the project's folder")?;
    match cli.command {
        Command::List => list(&root),
        Command::Play(args) => play_tale(&root, args).await,
        Command::Gen { check } => generate_files(&root, check),
        Command::Slo(verb) => {
            let (text, code) = slo_verbs::run(&root, verb, note).await?;
            println(text.trim_end());
            Ok(ExitCode::from(code))
        }
        Command::Gate(args) => {
            let (text, code) = ask_gate::ask(&root, args, note).await?;
            println(text.trim_end());
            Ok(ExitCode::from(code))
        }
        Command::Doctor => Ok(examine(&root)),
        Command::Up(args) => up(&root, &args).await,
        Command::StageRun(args) => done(stage_run(&root, &args, interruption()).await),
        Command::Down => done(down(&root).await.map(|text| println(&text))),
        Command::Status { json } => done(status(&root, json).await),
        Command::Load { .. } => bail!("load has threads of its own"),
        Command::Chaos(verb) => done(chaos_verbs::run(&root, verb, print, note).await),
    }
}

/// `tale load PROFILE URL ..` as the program `load` takes it; the profile may be left out.
fn as_load(args: Vec<OsString>) -> Vec<OsString> {
    let mut args = args.into_iter().peekable();
    let word = |arg: &OsString| arg.to_str().map(str::to_owned).unwrap_or_default();
    let named = args.peek().map(word).is_some_and(|first| {
        !first.starts_with('-') && !first.starts_with("http://") && !first.is_empty()
    });
    let profile = if named { args.next() } else { None };
    let mut all: Vec<OsString> = vec!["tale load".into()];
    all.extend(args);
    all.extend(profile.into_iter().flat_map(|profile| ["--profile".into(), profile]));
    all
}

fn list(root: &Path) -> Result<ExitCode> {
    let mut names: Vec<String> = std::fs::read_dir(root.join("tales"))?
        .flatten()
        .filter(|entry| entry.path().join("tale.yaml").exists())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    for name in names {
        let tale = Tale::load(root, &name)?;
        println(&format!("{name:<12} {:<8} {}", tale.teller, tale.title));
    }
    Ok(ExitCode::SUCCESS)
}

async fn up(root: &Path, args: &cli::Up) -> Result<ExitCode> {
    let Some(text) = tale::up::up(root, args, &Ui::new(), interruption()).await? else {
        note("tale: stopped; nothing is left running");
        return Ok(ExitCode::from(INTERRUPTED));
    };
    println(&text);
    Ok(ExitCode::SUCCESS)
}

async fn status(root: &Path, json: bool) -> Result<()> {
    let stage = Running::find(root, note).await?;
    stage.ask(&Request::Status { json }, print).await
}

fn done(result: Result<()>) -> Result<ExitCode> {
    result.map(|()| ExitCode::SUCCESS)
}

async fn play_tale(root: &Path, args: cli::Play) -> Result<ExitCode> {
    if matches!(args.on, OnArg::Cluster) {
        bail!("--on cluster: only the local stage can be played on so far; leave --on out");
    }
    let ui = Ui::new();
    let options = Options {
        out: args.out.unwrap_or_else(|| root.join(".tales").join("reports").join(&args.tale)),
        tale: args.tale,
        clock: args.clock.into(),
        seed: args.seed.unwrap_or_else(|| u64::from(std::process::id())),
        set: args.set.into_iter().collect(),
        left_out: match args.without_chaos {
            None => LeftOut::Nothing,
            Some(None) => LeftOut::All,
            Some(Some(name)) => LeftOut::Experiment(name),
        },
        keep: args.keep,
    };
    let interrupted = std::sync::atomic::AtomicBool::new(false);
    let mut interruptions = Interruptions::listen().context("cannot listen to signals")?;
    let stop = async {
        interruptions.next().await;
        interrupted.store(true, std::sync::atomic::Ordering::Relaxed);
        ui.line("\ntale: stopping; Ctrl-C again to kill what is left");
        tokio::spawn(kill_at_next(interruptions));
    };
    let played = play::play(root, &options, &ui, stop).await?;
    let (verdict, word) = match played.report.verdict {
        _ if interrupted.into_inner() => (INTERRUPTED, ui.yellow("stopped")),
        Verdict::Kept => (0, ui.green("all promises kept")),
        Verdict::Broken => (BROKEN, ui.red("a promise was broken")),
        Verdict::Undecided => (UNDECIDED, ui.yellow("could not judge")),
    };
    let kept = played
        .report
        .promises
        .iter()
        .filter(|promise| promise.outcome == tale::report::Outcome::Kept)
        .count();
    ui.line(&format!(
        "\n{word}: {kept} of {} in {:.0} s, seed {}\nreport: {}\n",
        played.report.promises.len(),
        played.report.seconds,
        options.seed,
        shown(&played.page),
    ));
    if args.json {
        println(&tale::report::json(&played.report));
    }
    Ok(ExitCode::from(verdict))
}

fn generate_files(root: &Path, check: bool) -> Result<ExitCode> {
    let ui = Ui::new();
    let paths = if check { generate::stale(root)? } else { generate::write(root)? };
    for path in &paths {
        println(&path.display().to_string());
    }
    match (check, paths.is_empty()) {
        (_, true) => ui.line("all generated files are up to date"),
        (false, false) => ui.line(&format!("{} written", paths.len())),
        (true, false) => ui.line("these are not up to date; run: tale gen"),
    }
    Ok(ExitCode::from(u8::from(check && !paths.is_empty()) * BROKEN))
}

fn examine(root: &Path) -> ExitCode {
    let ui = Ui::new();
    let findings = doctor::examine(root);
    for finding in &findings {
        let mark = if finding.ok { ui.green("✓") } else { ui.red("✗") };
        let remedy = if finding.ok { String::new() } else { format!("  fix: {}", finding.remedy) };
        ui.line(&format!("{mark} {:<26}{}{remedy}", finding.what, finding.found));
    }
    ExitCode::from(if findings.iter().all(|finding| finding.ok) { 0 } else { UNDECIDED })
}

/// Waits for Ctrl-C or SIGTERM.
async fn interruption() {
    match Interruptions::listen() {
        Ok(mut interruptions) => interruptions.next().await,
        Err(_) => std::future::pending().await, // then the default action ends the process, and the kernel its children
    }
}

/// A second Ctrl-C ends everything at once: the children die with this process.
async fn kill_at_next(mut interruptions: Interruptions) {
    interruptions.next().await;
    Ui::new().line("tale: killed; logs are in .tales/");
    std::process::exit(i32::from(INTERRUPTED));
}

/// A path as short as it can be typed.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::new());
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}

/// Text that ends its last line itself, or is none.
fn print(text: &str) {
    if !text.is_empty() {
        println(text.trim_end());
    }
}

/// Standard error.
fn note(text: &str) {
    Ui::new().line(text);
}

/// Standard output, which may be a pipe whose reader has left.
fn println(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{text}");
}
