//! The running engine on a scripted stage. Tokio's clock is paused, so that minutes pass at once.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::super::error::EngineError;
use super::super::{Engine, Options};
use super::scripted_stage::{Scratch, Temper};
use super::{dns, parse, schedule};
use crate::engine::journal;
use crate::render;
use crate::snapshot::Name;

const LIMIT: Duration = Duration::from_secs(300);

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

async fn injected(engine: &Engine) {
    engine
        .wait_until(LIMIT, |snapshot| {
            snapshot.find("DNSChaos", "dark").is_some_and(|dark| dark.is("AllInjected"))
        })
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn two_hundred_pods_are_injected_side_by_side_after_the_journal_knows_them() {
    let scratch = Scratch::new("many");
    let stage = scratch.stage(200, Temper::Obedient);
    let engine = scratch.engine(&stage).await;
    engine.apply(parse(&dns("  duration: 5m\n"))).await.unwrap();
    injected(&engine).await;
    assert_eq!(stage.injected(), 200);
    assert_eq!(stage.most.load(Ordering::SeqCst), Options::default().concurrency);
    assert_eq!(*stage.unjournalled.lock().unwrap(), Vec::<String>::new());
    assert_eq!(journal::replay(&scratch.journal()).unwrap().len(), 200);
    engine
        .wait_until(Duration::from_secs(400), |snapshot| {
            snapshot.find("DNSChaos", "dark").unwrap().is("AllRecovered")
        })
        .await
        .unwrap();
    assert_eq!(stage.injected(), 0);
    assert!(engine.shutdown(LIMIT).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_schedule_runs_by_itself() {
    let scratch = Scratch::new("schedule");
    let stage = scratch.stage(2, Temper::Obedient);
    let engine = scratch.engine(&stage).await;
    engine
        .apply(parse(&schedule("* * * * *", ", duration: 30s", "  historyLimit: 2\n")))
        .await
        .unwrap();
    let spawned = |snapshot: &crate::engine::Snapshot| {
        snapshot.events.iter().filter(|event| event.reason == "Spawned").count()
    };
    let snapshot = engine
        .wait_until(Duration::from_secs(200), |snapshot| spawned(snapshot) == 3)
        .await
        .unwrap();
    let ticks: Vec<String> = snapshot
        .events
        .iter()
        .filter(|event| event.reason == "Spawned")
        .map(|event| event.first_timestamp.strftime("%H:%M:%S").to_string())
        .collect();
    assert_eq!(ticks, ["10:01:00", "10:02:00", "10:03:00"]);
    assert!(engine.shutdown(LIMIT).await.unwrap().is_empty());
    assert_eq!(stage.injected(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_does_not_answer_is_told_and_undone() {
    let scratch = Scratch::new("silent");
    let stage = scratch.stage(1, Temper::Silent);
    let engine = scratch.engine(&stage).await;
    engine.apply(parse(&dns("  duration: 5m\n"))).await.unwrap();
    let failed = "Failed to apply chaos: no answer from the stage within 10 s";
    engine
        .wait_until(LIMIT, |snapshot| snapshot.events.iter().any(|event| event.message == failed))
        .await
        .unwrap();
    assert_eq!(journal::replay(&scratch.journal()).unwrap().len(), 1);
    assert!(engine.shutdown(LIMIT).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_panics_does_not_take_the_engine_down() {
    let scratch = Scratch::new("panic");
    let stage = scratch.stage(1, Temper::Panicking);
    let engine = scratch.engine(&stage).await;
    engine.apply(parse(&dns("  duration: 5m\n"))).await.unwrap();
    engine
        .wait_until(LIMIT, |snapshot| {
            snapshot.events.iter().any(|event| event.message.contains("the injector broke off"))
        })
        .await
        .unwrap();
    assert!(engine.shutdown(LIMIT).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_a_crashed_engine_left_behind_is_undone_by_the_next_one() {
    let scratch = Scratch::new("crash");
    let stage = scratch.stage(3, Temper::Obedient);
    let engine = scratch.engine(&stage).await;
    engine.apply(parse(&dns("  duration: 5m\n"))).await.unwrap();
    injected(&engine).await;
    let task = engine.task.lock().await.take().unwrap();
    task.abort();
    assert!(task.await.is_err());
    assert_eq!(stage.injected(), 3);
    let next = scratch.engine(&stage).await;
    assert_eq!(stage.injected(), 0);
    assert!(next.shutdown(LIMIT).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn dropping_the_engine_recovers_everything() {
    let scratch = Scratch::new("drop");
    let stage = scratch.stage(3, Temper::Obedient);
    let engine = scratch.engine(&stage).await;
    engine.apply(parse(&dns("  duration: 5m\n"))).await.unwrap();
    injected(&engine).await;
    let task = engine.task.lock().await.take().unwrap();
    drop(engine);
    tokio::time::timeout(LIMIT, task).await.unwrap().unwrap();
    assert_eq!(stage.injected(), 0);
}

#[tokio::test(start_paused = true)]
async fn objects_are_found_by_name_kind_and_namespace() {
    let scratch = Scratch::new("names");
    let engine = scratch.engine(&scratch.stage(1, Temper::Obedient)).await;
    engine.apply(parse(&dns("  duration: 5m\n"))).await.unwrap();
    engine
        .apply(parse(&schedule("@hourly", ", duration: 1m", "").replace("often", "dark")))
        .await
        .unwrap();
    assert!(matches!(engine.pause(&name("dark"), true).await, Err(EngineError::Ambiguous { .. })));
    assert!(matches!(engine.delete(&name("light")).await, Err(EngineError::NotFound(_))));
    engine.pause(&name("default/DNSChaos/dark"), true).await.unwrap();
    assert!(engine.get().await.unwrap().find("DNSChaos", "dark").unwrap().is("Paused"));
    let (snapshot, dark) = (engine.get().await.unwrap(), name("dnschaos.chaos-mesh.org/dark"));
    let described = render::describe(&snapshot, snapshot.find_all(&dark).next().unwrap());
    assert!(described.contains("Experiment has been paused"), "{described}");
    engine.delete(&name("schedules/dark")).await.unwrap();
    engine.delete(&name("dnschaos/dark")).await.unwrap();
    engine.wait_gone(&name("dark"), LIMIT).await.unwrap();
    engine.shutdown(LIMIT).await.unwrap();
    assert!(matches!(engine.get().await, Err(EngineError::Stopped)));
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_counts_targets_and_ticks_and_changes_nothing() {
    let scratch = Scratch::new("dry");
    let stage = scratch.stage(3, Temper::Obedient);
    let engine = scratch.engine(&stage).await;
    let half = schedule("*/10 * * * *", ", duration: 1m, value: \"50\"", "  historyLimit: 2\n")
        .replace("mode: all", "mode: fixed-percent");
    let run = engine.dry_run(parse(&half)).await.unwrap();
    assert_eq!((run.pods_matched, run.pods_taken, run.at_most), (3, 2, false));
    assert_eq!(run.matched[0], "default/p0/main");
    assert_eq!(run.ticks.unwrap().len(), 6);
    assert!(run.lints.is_empty() && run.refusals.is_empty());
    assert!(engine.get().await.unwrap().objects.is_empty());
    assert_eq!(stage.injected(), 0);
    engine.shutdown(LIMIT).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn nothing_is_injected_that_cannot_be_journalled() {
    let scratch = Scratch::new("full");
    let stage = scratch.stage(1, Temper::Obedient);
    let folder = scratch.0.join("missing");
    let refused = Engine::start(stage.clone(), &folder.join("journal"), Options::default()).await;
    let message = refused.unwrap_err().to_string();
    assert!(
        message.contains("missing/journal") && message.contains("make the folder writable"),
        "{message}"
    );
}
