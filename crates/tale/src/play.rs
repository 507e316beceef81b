//! Plays a tale: sets the stage, acts, checks every promise, takes everything down, writes the
//! report.

mod acts;
mod change;
mod documents;
mod evidence;
mod options;
mod prepare;
mod record;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use stage::Stage;

use crate::folders;
use crate::report::{self, Report};
use crate::setup::{self, Setup};
use crate::story::Tale;
use crate::terminal::Ui;
use acts::Acts;
use evidence::Evidence;
use record::Record;

pub use options::{LeftOut, Options};
pub use prepare::{Prepared, prepare};

/// A finished play.
pub struct Played {
    /// What happened.
    pub report: Report,
    /// Where it was written to.
    pub page: PathBuf,
}

/// Plays a tale to its end, or until `stop` resolves, on the stage that `start` starts.
///
/// # Errors
/// What kept the tale from being played at all. A broken promise is no error but a verdict.
pub async fn play(
    root: &Path,
    options: &Options,
    ui: &Ui,
    start: impl AsyncFnOnce(&Setup) -> Result<Arc<dyn Stage>>,
    stop: impl Future<Output = ()>,
) -> Result<Played> {
    let tale = Tale::load(root, &options.tale)?;
    let Prepared { setup, known } = prepare(root, &tale, options)?;
    report::prepare(&options.out)?;
    let mut record = Record::start();
    record.notes.extend(options.left_out.note());
    ui.title(&tale.title, &tale.teller, options.clock);

    tokio::pin!(stop);
    let stage = tokio::select! {
        stage = start(&setup) => Some(stage?),
        () = &mut stop => None,
    };
    let started = match stage {
        None => None,
        Some(stage) => {
            let filled = tokio::select! {
                filled = setup::fill(&*stage, &setup) => Some(filled?),
                () = &mut stop => None,
            };
            if filled.is_none() {
                // A stage in a cluster does not end with this process.
                take_down(&*stage, &mut record, ui).await;
            }
            filled.map(|not_applied| (stage, not_applied))
        }
    };
    let mut evidence = Evidence::default();
    if let Some((stage, not_applied)) = started {
        record.stage = stage.place().kind;
        record.not_applied(&not_applied);
        let mut acts = Acts { root, tale: &tale, options, ui, record: &mut record };
        let _control = acts.open_control(&stage);
        let result = tokio::select! {
            result = acts.play(&stage, &setup, known) => result,
            () = &mut stop => {
                record.notes.push("stopped before its end".to_owned());
                Ok(())
            }
        };
        evidence =
            evidence::collect(&tale.charts, &*stage, &setup.catalogue, record.epoch, &record.acts)
                .await;
        record.adapted = stage.adapted();
        if !record.is_kept(&tale) {
            for line in stage.diagnose().await {
                ui.line(&format!("  {} {line}", ui.yellow("?")));
                record.notes.push(line);
            }
        }
        take_down(&*stage, &mut record, ui).await;
        result?;
    } else {
        record.notes.push("stopped before the stage was up".to_owned());
    }
    if !options.keep {
        remove(&folders::play(root, &options.tale)).await;
    }
    let report = record.report(&tale, options, evidence);
    let page = report::write(&options.out, &report)?.html;
    Ok(Played { report, page })
}

/// What is left is named in the report: it is somebody's to take away.
async fn take_down(stage: &dyn Stage, record: &mut Record, ui: &Ui) {
    if let Err(why) = stage.down().await {
        let why = format!("not everything was taken away: {why}");
        ui.line(&format!("  {} {why}", ui.yellow("?")));
        record.notes.push(why);
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
