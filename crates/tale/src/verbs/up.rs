//! `tale up`: starts the stage in a background process, waits until Prometheus sees every pod, and
//! tells what is where.

mod cluster;
mod next_steps;
mod samples;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::ValueEnum;
use rustix::process::{Pid, Signal, kill_process};
use stage::SourceFile;
use stage::manifest::Manifests;
use tokio::process::{Child, Command};

use crate::cli::{ClockArg, Up};
use crate::control::{self, Claim, Running};
use crate::exit::INTERRUPTED;
use crate::folders::{self, Project};
use crate::nearest::or_nearest;
use crate::pages::Pages;
use crate::report::Outcome;
use crate::setup::{self, Setup};
use crate::tables::status::table;
use crate::terminal::{Tone, Ui, interrupted, note, print};
use crate::yaml::load_slos;

/// The longest wait for the stage: beyond what the stage itself allows its parts.
const START: Duration = Duration::from_secs(120);
/// The longest wait for the first samples on the stage clock, which scrapes every second.
const SAMPLES: Duration = Duration::from_secs(30);
/// The same on the real clock.
const SAMPLES_REAL: Duration = Duration::from_secs(120);
/// The longest that a stage may take to go after a failed start.
const END: Duration = Duration::from_secs(30);
/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// What the stage wrote before it failed, at most.
const LONGEST_MESSAGE: usize = 4096;

/// Starts the stage and says what is where. Nothing is left running after an error or a stop.
///
/// # Errors
/// A stage is up already, or this one does not start: then with the stage's own words.
pub async fn run(project: &Project, args: &Up) -> Result<ExitCode> {
    let root = project.folder()?;
    let up = async {
        if args.place.is_cluster() {
            return cluster::up(root, args).await;
        }
        ensure!(!args.dry_run, "--dry-run is for --on cluster; on this machine nothing is adapted");
        up(root, args, &Ui::new()).await
    };
    let Some(text) = up.await? else {
        note("tale: stopped; nothing is left running");
        return Ok(ExitCode::from(INTERRUPTED));
    };
    print(&text);
    Ok(ExitCode::SUCCESS)
}

/// Returns what to print, or nothing if it was interrupted.
async fn up(root: &Path, args: &Up, ui: &Ui) -> Result<Option<String>> {
    let since = Instant::now();
    setup(root, args)?; // so that a mistake shows before anything is started
    let dir = folders::up(root);
    folders::own(root)?;
    control::socket(&dir)?;
    ensure!(
        Running::at(&dir).await.is_none() && !Claim::is_taken(&dir),
        "a stage is already up; end it first with `tale down`"
    );
    let mut child = spawn(root, args, &dir)?;
    let started = tokio::select! {
        text = start(root, args, ui, since, &dir, &mut child) => text.map(Some),
        () = interrupted() => Ok(None),
    };
    if !matches!(started, Ok(Some(_))) {
        end(child).await;
    }
    started
}

/// What to set up: the named apps, or all, each with its objectives when it has some.
///
/// # Errors
/// An unknown app, or a file that is refused, with its place and remedy.
pub fn setup(root: &Path, args: &Up) -> Result<Setup> {
    let known = apps(root)?;
    for app in &args.apps {
        let names: Vec<&str> = known.iter().map(String::as_str).collect();
        ensure!(
            known.contains(app),
            "there is no app `{app}` in manifests/base; {}",
            or_nearest(app, &names)
        );
    }
    ensure!(!known.is_empty(), "manifests/base holds no app; add one");
    let wanted: Vec<&String> =
        known.iter().filter(|app| args.apps.is_empty() || args.apps.contains(app)).collect();
    let folders: Vec<PathBuf> =
        wanted.iter().map(|app| root.join("manifests/base").join(app)).collect();
    let slos: Vec<PathBuf> = wanted
        .iter()
        .map(|app| PathBuf::from(format!("manifests/slo/{app}.yaml")))
        .filter(|file| root.join(file).exists())
        .collect();
    let clock = args.clock.into();
    let catalogue = load_slos(root, &slos)?;
    let mut manifests = SourceFile::load(&folders)?;
    manifests.extend(setup::rules(&catalogue, clock)?);
    Ok(Setup {
        deployments: Manifests::read(&manifests)?.deployment_names(),
        manifests,
        env: args.set.iter().cloned().collect::<BTreeMap<_, _>>(),
        catalogue,
        clock,
        state_dir: folders::up(root),
        seed: setup::seed(),
        upstream_dns: args.upstream_dns,
    })
}

fn apps(root: &Path) -> Result<Vec<String>> {
    let base = root.join("manifests/base");
    let entries =
        std::fs::read_dir(&base).with_context(|| format!("cannot read {}", base.display()))?;
    let mut apps: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    apps.sort();
    Ok(apps)
}

fn spawn(root: &Path, args: &Up, dir: &Path) -> Result<Child> {
    let log = dir.join("stage-run.log");
    let what = || format!("cannot write {}", log.display());
    std::fs::create_dir_all(dir).with_context(what)?;
    let out = File::create(&log).with_context(what)?;
    let clock = args.clock.to_possible_value();
    let program = std::env::current_exe().context("cannot tell where this program lies")?;
    let mut command = Command::new(program);
    command
        .arg("stage-run")
        .args(&args.apps)
        .args(clock.map(|clock| format!("--clock={}", clock.get_name())))
        .args(args.listen.map(|address| format!("--listen={address}")))
        .args(args.upstream_dns.map(|server| format!("--upstream-dns={server}")))
        .args(args.set.iter().map(|(name, value)| format!("--set={name}={value}")))
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(out.try_clone().with_context(what)?)
        .stderr(out);
    command.spawn().context("cannot start the stage's process")
}

/// Waits for the stage, then for the first samples.
async fn start(
    root: &Path,
    args: &Up,
    ui: &Ui,
    since: Instant,
    dir: &Path,
    child: &mut Child,
) -> Result<String> {
    let sampled = "Prometheus has a first sample of every pod";
    ui.make_room(std::iter::once(sampled));
    let live = ui.promise("the stage is up", START, since);
    let stage = wait_ready(dir, child, since).await?;
    live.end(Outcome::Kept, &format!("process {}", stage.hello.pid), Tone::Plain);

    let within = match args.clock {
        ClockArg::Stage => SAMPLES,
        ClockArg::Real => SAMPLES_REAL,
    };
    let live = ui.promise(sampled, within, since);
    let looked = samples::wait(&stage, within, |missing| live.seen(missing)).await;
    let ended = child.try_wait().ok().flatten();
    let (seen, missing) = looked.map_err(|why| match ended {
        Some(status) => anyhow!("the stage ended right after its start ({status})"),
        None => why,
    })?;
    let samples = if missing.is_empty() {
        let pods = match seen.stage.pods.len() {
            1 => "1 pod".to_owned(),
            more => format!("{more} pods"),
        };
        live.end(Outcome::Kept, &pods, Tone::Plain);
        format!("of every pod after {:.1} s", since.elapsed().as_secs_f64())
    } else {
        ui.line(&format!(
            "tale: no sample of {missing}; look at its ServiceMonitor, and at its log in {}",
            dir.display()
        ));
        format!("missing of {missing}")
    };
    let table = table(&seen);
    let pages = Pages::of(&seen.urls).await;
    let next = next_steps::text(root, &seen.stage, &pages);
    let pages = super::status::pages(&pages);
    Ok(format!("{table}{pages}{:<15}{samples}\n\n{next}", "first samples"))
}

async fn wait_ready(dir: &Path, child: &mut Child, since: Instant) -> Result<Running> {
    loop {
        if let Some(status) = child.try_wait().context("cannot watch the stage's process")? {
            let said = said(&dir.join("stage-run.log"));
            ensure!(!said.is_empty(), "the stage ended while it was starting ({status})");
            bail!("{said}");
        }
        if let Some(stage) = Running::at(dir).await
            && stage.hello.ready
            && Some(stage.hello.pid) == child.id()
        {
            return Ok(stage);
        }
        ensure!(
            since.elapsed() < START,
            "the stage is not up after {} s; look at the logs in {}",
            START.as_secs(),
            dir.display()
        );
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The last words of a stage that failed.
fn said(log: &Path) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    let end = &bytes[bytes.len().saturating_sub(LONGEST_MESSAGE)..];
    let text = String::from_utf8_lossy(end);
    let text = text.trim();
    text.strip_prefix("tale: ").unwrap_or(text).to_owned()
}

/// Takes back a start.
async fn end(mut child: Child) {
    // Not reaped yet, so the number is still that of the child.
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
    if let Some(pid) = pid.and_then(Pid::from_raw) {
        let _ = kill_process(pid, Signal::TERM);
    }
    if tokio::time::timeout(END, child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
}
