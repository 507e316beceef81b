//! Plays a tale: sets the stage, acts, checks every promise, takes everything down, writes the
//! report.

mod acts;
mod change;
mod documents;
mod evidence;
mod options;
mod prepare;
mod profile;
mod record;
mod script;

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use stage::Stage;

use crate::control::Urls;
use crate::folders;
use crate::pages::Pages;
use crate::report::{self, Report};
use crate::setup::{self, Setup};
use crate::story::Tale;
use crate::terminal::{Ui, need_keys};
use acts::Acts;
use evidence::Evidence;
use record::Record;

pub use options::{LeftOut, Options, Pace};
pub use prepare::{Prepared, prepare};

/// A finished play.
pub struct Played {
    /// What happened.
    pub report: Report,
    /// Where it was written to.
    pub page: PathBuf,
    /// Whether it was stopped before its end.
    pub stopped: bool,
}

/// Plays a tale to its end, or until `stop` resolves, on the stage that `start` starts. As soon as
/// the report is written, it is handed to `tell`: the stage may stay up after that.
///
/// # Errors
/// What kept the tale from being played at all. A broken promise is no error but a verdict.
pub async fn play(
    root: &Path,
    options: &Options,
    ui: &Ui,
    start: impl AsyncFnOnce(&Setup) -> Result<Arc<dyn Stage>>,
    stop: impl Future<Output = ()>,
    tell: impl Fn(&Played),
) -> Result<Played> {
    let tale = Tale::load(root, &options.tale)?;
    let prepared = prepare(root, &tale, options)?;
    folders::own(root)?;
    report::prepare(&options.out, &folders::reports(root))?;
    let mut record = Record::start();
    record.notes.extend(options.left_out.note());
    ui.title(&tale.title, &tale.teller, options.clock);
    let show = Show { root, tale: &tale, options, ui, tell: &tell };

    tokio::pin!(stop);
    let stage = tokio::select! {
        stage = start(&prepared.setup) => Some(stage?),
        () = &mut stop => None,
    };
    let filled = match &stage {
        None => None,
        Some(stage) => tokio::select! {
            filled = setup::fill(&**stage, &prepared.setup) => Some(filled),
            () = &mut stop => None,
        },
    };
    // What could not be filled is down already.
    let up = stage.as_ref().filter(|_| !matches!(filled, Some(Err(_))));
    let played = match (&stage, filled) {
        (Some(stage), Some(Ok(not_applied))) => {
            record.not_applied(&not_applied);
            show.perform(stage, prepared, record, stop).await
        }
        (_, Some(Err(why))) => Err(why),
        _ => {
            record.notes.push("stopped before the stage was up".to_owned());
            show.finish(record, Evidence::default(), true)
        }
    };
    if let Some(stage) = up {
        take_down(&**stage, ui).await;
    }
    if !options.keep {
        remove(&folders::play(root, &options.tale)).await;
    }
    played
}

/// A tale, and how it is to be played.
struct Show<'s> {
    root: &'s Path,
    tale: &'s Tale,
    options: &'s Options,
    ui: &'s Ui,
    tell: &'s dyn Fn(&Played),
}

impl Show<'_> {
    /// The acts, what was seen of them, and the time for questions. What is wrong with the tale
    /// itself is said once the stage is down.
    async fn perform(
        &self,
        stage: &Arc<dyn Stage>,
        Prepared { setup, known }: Prepared,
        mut record: Record,
        mut stop: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<Played> {
        let Self { root, tale, options, ui, .. } = *self;
        record.stage = stage.place().kind;
        for line in setup::adapted(&**stage) {
            ui.line(&format!("    {line}"));
        }
        if options.keep {
            folders::keep(&setup.state_dir);
        }
        let mut acts = Acts { root, tale, options, ui, record: &mut record };
        let _control = acts.open_control(stage);
        let result = tokio::select! {
            result = acts.play(stage, &setup, known) => Some(result),
            () = &mut stop => None,
        };
        let stopped = result.is_none();
        if stopped {
            record.notes.push("stopped before its end".to_owned());
        }
        let (catalogue, epoch) = (&setup.catalogue, record.epoch);
        let evidence =
            evidence::collect(&tale.charts, &**stage, catalogue, epoch, &record.acts).await;
        record.adapted = stage.adapted();
        if !stopped && !record.is_kept(tale) {
            diagnose(&**stage, &mut record, ui).await;
        }
        result.unwrap_or(Ok(()))?;
        let played = self.finish(record, evidence, stopped)?;
        if !stopped && options.pace.stay {
            tokio::select! {
                () = stay(&**stage, ui) => {}
                () = stop => {}
            }
        }
        Ok(played)
    }

    /// Writes the report, and hands it on.
    fn finish(&self, mut record: Record, evidence: Evidence, stopped: bool) -> Result<Played> {
        record.end();
        let report = record.report(self.tale, self.options, evidence);
        let page = report::write(&self.options.out, &report)?.html;
        let played = Played { report, page, stopped };
        (self.tell)(&played);
        Ok(played)
    }
}

/// Says and keeps what is in the way of a story that was not told to its end.
async fn diagnose(stage: &dyn Stage, record: &mut Record, ui: &Ui) {
    for line in stage.diagnose().await {
        ui.line(&format!("  {} {line}", ui.yellow("?")));
        record.notes.push(line);
    }
}

/// Leaves the stage up for questions, until a key is pressed.
async fn stay(stage: &dyn Stage, ui: &Ui) {
    let place = stage.place();
    let (prometheus, alertmanager) = (place.prometheus.clone(), place.alertmanager.clone());
    let pages = Pages::of(&Urls { prometheus, alertmanager }).await;
    let query = "process_resident_memory_bytes";
    for (what, url) in [
        ("graphs", pages.graph(query)),
        ("alerts", pages.alerts),
        ("Alertmanager", pages.alertmanager),
    ] {
        if let Some(url) = url {
            ui.whole(&format!("{what}: {url}"));
        }
    }
    ui.line("in another terminal: ./tale status, ./tale alerts, ./tale inbox, ./tale chaos get");
    if need_keys("--stay").is_err() {
        ui.line("the stage stays up until it is told to end");
        return std::future::pending().await;
    }
    // A keyboard that goes away ends it.
    let _ = ui.wait_for_key("the stage stays up: press a key to take it down").await;
}

/// A stage in a cluster does not end with this process. What is left is said: it is somebody's to
/// take away.
async fn take_down(stage: &dyn Stage, ui: &Ui) {
    if let Err(why) = stage.down().await {
        ui.line(&format!("  {} not everything was taken away: {why}", ui.yellow("?")));
    }
}

/// Removes a folder. A stage that was stopped while it started has children that are just being
/// killed: one of them may still write a file, which makes the removal fail.
async fn remove(folder: &Path) {
    let gone = || match std::fs::remove_dir_all(folder) {
        Ok(()) => true,
        Err(why) => why.kind() == std::io::ErrorKind::NotFound,
    };
    for _ in 0..50 {
        if gone() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
