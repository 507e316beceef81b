//! Events that Prometheus and the running stage remember: chaos, restarts, rollouts.

use std::collections::BTreeMap;

use super::events::Event;
use super::past::{Past, numbers};
use super::snapshot;
use crate::control::Running;
use crate::folders::Project;
use crate::prometheus::{QueryFailed, Series};
use crate::terminal::note;

/// Chaos Mesh's own count of experiments by namespace, kind and phase.
const CHAOS: &str = "chaos_controller_manager_chaos_experiments";
/// Phases in which a fault is in force, or about to be.
const IN_FORCE: [&str; 2] = ["injecting", "running"];
const STARTED: &str = "process_start_time_seconds";
const GENERATION: &str = "kube_deployment_status_observed_generation";

/// All of them.
pub(super) async fn all(project: &Project, past: &Past, step: f64) -> Vec<Event> {
    let mut events = chaos(project, past, step).await;
    events.extend(restarts(past).await);
    events.extend(rollouts(past, step).await);
    events
}

/// Faults that were in force.
pub(super) async fn chaos(project: &Project, past: &Past, step: f64) -> Vec<Event> {
    let series = or_note(past.course(CHAOS, step).await);
    let mut events: Vec<Event> =
        series.iter().flat_map(|series| experiments(series, step)).collect();
    if past.on_stage {
        match chaos_of_the_stage(project).await {
            Ok(found) => events.extend(found),
            Err(why) => note(&format!("tale: the chaos of the stage is left out: {why:#}")),
        }
    }
    events
}

async fn chaos_of_the_stage(project: &Project) -> anyhow::Result<Vec<Event>> {
    Ok(snapshot::events(&Running::find(project).await?.chaos().await?))
}

/// The times at which the gauge was above zero.
fn experiments(series: &Series, step: f64) -> Vec<Event> {
    let label = |key: &str| series.metric.get(key).cloned().unwrap_or_default();
    if !IN_FORCE.contains(&label("phase").to_lowercase().as_str()) {
        return Vec::new();
    }
    let mut events: Vec<Event> = Vec::new();
    for (time, _) in numbers(series).filter(|(_, count)| *count > 0.0) {
        match events.last_mut() {
            Some(last) if time - last.end < 1.5 * step => last.end = time + step,
            _ => events.push(Event {
                name: format!("in {}", label("namespace")),
                kind: label("kind"),
                start: time,
                end: time + step,
                labels: BTreeMap::from([("namespace".to_owned(), label("namespace"))]),
            }),
        }
    }
    events
}

/// A process of a job that started.
async fn restarts(past: &Past) -> Vec<Event> {
    let processes = or_note(past.samples(STARTED).await);
    let mut events = Vec::new();
    for process in processes {
        let job = process.metric.get("job").cloned().unwrap_or_default();
        let mut starts: Vec<f64> = numbers(&process).map(|(_, start)| start).collect();
        starts.dedup_by(|later, earlier| (*later - *earlier).abs() < 1.0);
        let inside = |start: &f64| *start >= past.from && *start <= past.to;
        events.extend(starts.into_iter().filter(inside).map(|start| Event {
            name: job.clone(),
            kind: "restart".to_owned(),
            start,
            end: start,
            labels: BTreeMap::from([("job".to_owned(), job.clone())]),
        }));
    }
    events
}

/// A Deployment that got a new specification.
async fn rollouts(past: &Past, step: f64) -> Vec<Event> {
    let deployments = or_note(past.course(GENERATION, step).await);
    let mut events = Vec::new();
    for deployment in deployments {
        let label = |key: &str| deployment.metric.get(key).cloned().unwrap_or_default();
        let values: Vec<(f64, f64)> = numbers(&deployment).collect();
        let changes = values.windows(2).filter(|pair| pair[0].1 != pair[1].1);
        events.extend(changes.map(|pair| Event {
            name: label("deployment"),
            kind: "rollout".to_owned(),
            start: pair[0].0,
            end: pair[1].0,
            labels: BTreeMap::from([
                ("namespace".to_owned(), label("namespace")),
                ("service".to_owned(), label("deployment")),
            ]),
        }));
    }
    events
}

/// The series; where they cannot be had, a note says so and the verb goes on without them.
fn or_note(answer: Result<Vec<Series>, QueryFailed>) -> Vec<Series> {
    answer.unwrap_or_else(|why| {
        note(&format!("tale: some events are left out: {why}"));
        Vec::new()
    })
}
