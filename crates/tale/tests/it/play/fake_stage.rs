//! Tales played on a fake stage: whatever a play does to a stage, it does through the trait. No
//! process is started, and every way to fail can be had.

mod prometheus;
mod stage;

use std::sync::Arc;

use ::stage::Stage;
use tale::play::{LeftOut, Options, Pace, play};
use tale::report::{Outcome, Report, StageKind, Verdict};
use tale::terminal::Ui;
use tempfile::TempDir;
use testkit::project::root;

use stage::{Breaks, FakeStage};

/// A project with the tale as shipped, but for its pauses.
fn project() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for part in ["manifests", "chaos-experiments"] {
        std::os::unix::fs::symlink(root().join(part), folder.path().join(part)).unwrap();
    }
    let shipped = std::fs::read_to_string(root().join("tales/dns-leak/tale.yaml")).unwrap();
    let quick = shipped.replace("hold: 15s", "hold: 1ms").replace("for: 5s", "for: 1ms");
    let mut short = String::new();
    for line in quick.lines() {
        // Nothing is waited for here: what does not hold now never will.
        let (start, rest) = line.split_once("within: ").unwrap_or((line, ""));
        let rest = rest.trim_start_matches(|char: char| char.is_ascii_alphanumeric());
        short += &if rest.is_empty() {
            format!("{line}\n")
        } else {
            format!("{start}within: 2s{rest}\n")
        };
    }
    std::fs::create_dir_all(folder.path().join("tales/dns-leak")).unwrap();
    std::fs::write(folder.path().join("tales/dns-leak/tale.yaml"), short).unwrap();
    folder
}

/// Plays the tale on a stage that breaks like this.
async fn played(breaks: Breaks) -> (Result<Report, String>, Arc<FakeStage>) {
    let project = project();
    let stage = FakeStage::start(breaks).await;
    let options = Options {
        tale: "dns-leak".to_owned(),
        clock: slo::Clock::Stage,
        out: project.path().join("report"),
        seed: 1,
        set: Default::default(),
        left_out: LeftOut::Nothing,
        keep: false,
        pace: Pace::default(),
    };
    let start = async |_: &tale::setup::Setup| {
        if breaks == Breaks::Start {
            anyhow::bail!("no room for a stage");
        }
        Ok(stage.clone() as Arc<dyn Stage>)
    };
    let stop = async {
        match breaks {
            Breaks::Stopped => stage.wait_injected().await,
            _ => std::future::pending().await,
        }
    };
    let played = play(project.path(), &options, &Ui::new(), start, stop, |_| ()).await;
    let report = played.map(|played| played.report).map_err(|why| format!("{why:#}"));
    if let Ok(report) = &report {
        let file = std::fs::read_to_string(project.path().join("report/report.json")).unwrap();
        assert_eq!(tale::report::from_json(&file).unwrap(), *report, "the report is on the disk");
    }
    (report, stage)
}

/// How many promises were kept, and how the next one ended, with what was seen last.
fn first_not_kept(report: &Report) -> (usize, Outcome, &str) {
    let kept = report.promises.iter().take_while(|promise| promise.outcome == Outcome::Kept);
    let kept = kept.count();
    let next = &report.promises[kept];
    assert!(
        report.promises[kept + 1..].iter().all(|promise| promise.outcome == Outcome::NotReached),
        "nothing comes after a promise that was not kept"
    );
    (kept, next.outcome, &next.observed)
}

#[tokio::test]
async fn the_tale_is_played_to_its_end_on_any_stage() {
    let (report, stage) = played(Breaks::Nothing).await;
    let report = report.unwrap();
    assert_eq!(report.verdict, Verdict::Kept, "{:#?}", report.promises);
    assert_eq!((report.promises.len(), report.acts.len()), (14, 4));
    assert_eq!(report.stage, StageKind::Cluster, "as the stage says of itself");
    assert!(report.notes.contains(&"not applied on this stage: nothing of it".to_owned()));
    assert_eq!(
        stage.calls(),
        [
            "apply",
            "wait_ready default/dns-leaker-o11y",
            "wait_ready default/dns-leaker-cncf",
            "wait_ready default/dns-leaker-gitlab",
            "inject dns-goes-dark",
            "remove dns-goes-dark",
            "set_env default/dns-leaker-o11y LEAK_KIND=off",
            "set_env default/dns-leaker-cncf LEAK_KIND=off",
            "set_env default/dns-leaker-gitlab LEAK_KIND=off",
            "wait_ready default/dns-leaker-o11y",
            "wait_ready default/dns-leaker-cncf",
            "wait_ready default/dns-leaker-gitlab",
            "down",
        ]
    );
}

#[tokio::test]
async fn a_stage_that_cannot_start_or_refuses_the_manifests_ends_the_play_before_its_first_act() {
    let (report, stage) = played(Breaks::Start).await;
    assert_eq!(report.unwrap_err(), "no room for a stage");
    assert!(stage.calls().is_empty());
    let (report, stage) = played(Breaks::Apply).await;
    assert!(report.unwrap_err().contains("`Deployment/x` is not on this stage"));
    assert_eq!(stage.calls(), ["apply", "down"], "nothing is left");
    let (report, stage) = played(Breaks::Ready).await;
    assert!(report.unwrap_err().contains("never ready"));
    assert_eq!(stage.calls().last().unwrap(), "down");
}

#[tokio::test]
async fn an_act_that_cannot_be_played_leaves_the_rest_undecided() {
    for (breaks, kept, why) in [
        (Breaks::Inject, 3, "DNS goes dark"),
        (Breaks::Injected, 3, "was not injected"),
        (Breaks::Remove, 8, "DNS is back, the memory is not"),
        (Breaks::RollOut, 11, "the roll-out"),
    ] {
        let (report, stage) = played(breaks).await;
        let report = report.unwrap();
        assert_eq!(report.verdict, Verdict::Undecided, "{breaks:?}");
        assert_eq!(first_not_kept(&report).0, kept, "{breaks:?}");
        assert!(
            report.notes.iter().any(|note| note.contains(why)),
            "{breaks:?}: {:?}",
            report.notes
        );
        assert_eq!(stage.calls().last().unwrap(), "down");
    }
}

#[tokio::test]
async fn what_does_not_happen_breaks_its_promise() {
    for (breaks, kept, seen) in [
        (Breaks::NoGrowth, 4, "1 (wanted > 1.1)"),
        (Breaks::NoAlert, 5, "not firing"),
        (Breaks::NoMail, 6, "1 messages, none about it"),
        (Breaks::NoRepair, 11, "1 still firing"),
    ] {
        let (report, _) = played(breaks).await;
        let report = report.unwrap();
        assert_eq!(report.verdict, Verdict::Broken, "{breaks:?}");
        assert_eq!(first_not_kept(&report), (kept, Outcome::Broken, seen), "{breaks:?}");
    }
}

#[tokio::test]
async fn what_nobody_sees_is_undecided() {
    for (breaks, kept, seen) in [
        (Breaks::Died, 3, "prometheus died: killed"),
        (Breaks::NoData, 3, "no pod was scraped successfully"),
        (Breaks::NoAnswer, 3, "Prometheus does not answer"),
        (Breaks::NoInbox, 6, "the stage is down"),
        // What still looks kept, and what looks broken: nobody has seen it.
        (Breaks::Frozen, 3, "no sample of dns-leaker-1 for 61 s"),
        (Breaks::Asleep, 3, "does not evaluate its rules any more"),
        (Breaks::Lost, 6, "7 notifications got lost from Prometheus to Alertmanager"),
        (
            Breaks::Starved,
            4,
            "the machine has no time for this (3 of 10 samples were taken in 10 s",
        ),
    ] {
        let (report, stage) = played(breaks).await;
        let report = report.unwrap();
        assert_eq!(report.verdict, Verdict::Undecided, "{breaks:?}");
        let (index, outcome, observed) = first_not_kept(&report);
        assert_eq!((index, outcome), (kept, Outcome::Undecided), "{breaks:?}: {observed}");
        assert!(observed.contains(seen), "{breaks:?}: {observed}");
        assert_eq!(stage.calls().last().unwrap(), "down");
    }
}

#[tokio::test]
async fn a_play_that_is_stopped_takes_the_stage_down_and_reports_what_was_played() {
    let (report, stage) = played(Breaks::Stopped).await;
    let report = report.unwrap();
    assert_eq!(report.verdict, Verdict::Undecided);
    assert!(report.notes.contains(&"stopped before its end".to_owned()), "{:?}", report.notes);
    assert_eq!(report.promises.len(), 14, "those that nobody got to are listed");
    assert_eq!(stage.calls().last().unwrap(), "down");
}
