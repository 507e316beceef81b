//! `tale status`: what runs on a stage and where, as a table for people and as JSON for programs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use stage::{ContainerStatus, PodStatus, Snapshot, Stage};

use crate::cli::Place;
use crate::control::{Fault, Running, Status};
use crate::folders::Project;
use crate::in_cluster;
use crate::pages::Pages;
use crate::prometheus::Prometheus;
use crate::terminal::{Table, harmless, print};

/// Prints what runs on the stage that answers.
///
/// # Errors
/// No stage is running, or it does not answer.
pub async fn run(
    project: &Project,
    process: Option<u32>,
    json: bool,
    place: &Place,
) -> Result<ExitCode> {
    if place.is_cluster() {
        // The way to its Prometheus lasts as long as the stage.
        let stage = in_cluster::attach(place).await?;
        return show(of_cluster(&*stage, place).await?, json).await;
    }
    let stage = match process {
        Some(process) => Running::of_process(project, process).await?,
        None => Running::find(project).await?,
    };
    show(stage.status().await?, json).await
}

async fn show(status: Status, json: bool) -> Result<ExitCode> {
    if json {
        print(&serde_json::to_string_pretty(&status)?);
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = table(&status);
    if let Some(url) = &status.urls.prometheus {
        text.push_str(&about("alerts", &alerts(&Prometheus::new(url)).await));
    }
    text.push_str(&pages(&Pages::of(&status.urls).await));
    print(&text);
    Ok(ExitCode::SUCCESS)
}

/// The same of a stage in a cluster, which has no process and no folder.
pub(super) async fn of_cluster(stage: &dyn Stage, place: &Place) -> Result<Status> {
    let (pods, chaos) = (stage.status().await?, stage.chaos().await?);
    let name = format!("in the namespace {}", place.namespace);
    Ok(Status::new(&name, PathBuf::new(), stage.place(), (*pods).clone(), &chaos))
}

/// What can be opened in a browser.
pub(super) fn pages(pages: &Pages) -> String {
    let pages = [("alerts page", &pages.alerts), ("Alertmanager", &pages.alertmanager)];
    pages.iter().filter_map(|(what, url)| Some(about(what, url.as_ref()?))).collect()
}

/// How many alerts are firing and pending, with their names.
async fn alerts(prometheus: &Prometheus) -> String {
    let Ok(alerts) = prometheus.query("ALERTS", None).await else {
        return "unknown: Prometheus does not answer".to_owned();
    };
    let of = |state: &str| {
        let inside = alerts
            .iter()
            .filter(|alert| alert.metric.get("alertstate").is_some_and(|is| is == state));
        inside.filter_map(|alert| alert.metric.get("alertname")).collect::<BTreeSet<_>>()
    };
    let told = |sign: &str, state: &str| {
        let names: Vec<&str> = of(state).into_iter().map(String::as_str).collect();
        (!names.is_empty()).then(|| format!("{sign} {state}: {}", names.join(", ")))
    };
    let told: Vec<String> =
        [told("▲", "firing"), told("…", "pending")].into_iter().flatten().collect();
    if told.is_empty() {
        "none".to_owned()
    } else {
        format!("{}; see `tale alerts`", told.join("; "))
    }
}

/// A fact about the stage as a whole.
fn about(what: &str, value: &str) -> String {
    format!("{what:<15}{}\n", harmless(value))
}

/// For people: a table per kind of object, then facts about the stage as a whole.
pub fn table(status: &Status) -> String {
    let here = &status.stage;
    let tables = [
        pods(here),
        deployments(here),
        jobs(here),
        services(here),
        backends(here),
        faults(&status.faults),
    ];
    let tables = tables.into_iter().filter(|table| !table.is_empty());
    // As kubectl shows them: whoever uses one namespace only, need not read its name.
    let tables = tables.map(|table| table.without_usual("NAMESPACE", "default"));
    let mut text: String = tables.map(|table| table.for_people() + "\n").collect();
    let faults = if status.faults.is_empty() { "none" } else { "above" };
    let mut facts = vec![
        ("stage", status.whose()),
        ("clock", status.clock.to_string()),
        ("cluster DNS", status.dns.map_or("none".to_owned(), |dns| dns.to_string())),
        ("faults", faults.to_owned()),
        ("state folder", folder(&status.state_dir)),
    ];
    let not_applied = here.not_applied.len();
    if not_applied > 0 {
        let what =
            format!("{not_applied} fields that only mean something in a cluster; see --json");
        facts.push(("not applied", what));
    }
    for event in here.events.iter().filter(|event| event.reason == stage::PORTS_MOVED) {
        facts.push(("ports", event.message.clone()));
    }
    text.extend(facts.into_iter().map(|(what, value)| about(what, &value)));
    text
}

fn folder(dir: &Path) -> String {
    if dir.as_os_str().is_empty() { "none".to_owned() } else { dir.display().to_string() }
}

fn pods(stage: &Snapshot) -> Table {
    let mut table =
        Table::new(["NAMESPACE", "POD", "READY", "STATUS", "RESTARTS", "ADDRESS", "RSS"]);
    for pod in &stage.pods {
        let containers = &pod.containers;
        let ready = containers.iter().filter(|container| container.ready).count();
        let restarts: u32 = containers.iter().map(|container| container.restart_count).sum();
        let rss: Option<u64> = containers.iter().map(|container| container.rss_bytes).sum();
        table.row([
            pod.namespace.clone(),
            pod.name.clone(),
            format!("{ready}/{}", containers.len()),
            condition(pod),
            restarts.to_string(),
            pod.ip.map_or("-".to_owned(), |ip| ip.to_string()),
            rss.map_or("-".to_owned(), mebibytes),
        ]);
    }
    table
}

fn deployments(stage: &Snapshot) -> Table {
    let mut table = Table::new(["NAMESPACE", "DEPLOYMENT", "READY", "UP-TO-DATE", "AVAILABLE"]);
    for deployment in &stage.deployments {
        table.row([
            deployment.namespace.clone(),
            deployment.name.clone(),
            format!("{}/{}", deployment.ready, deployment.replicas),
            deployment.updated.to_string(),
            deployment.ready.to_string(),
        ]);
    }
    table
}

fn jobs(stage: &Snapshot) -> Table {
    let mut table = Table::new(["NAMESPACE", "JOB", "ACTIVE", "SUCCEEDED", "FAILED"]);
    for job in &stage.jobs {
        table.row([
            job.namespace.clone(),
            job.name.clone(),
            job.active.to_string(),
            job.succeeded.to_string(),
            job.failed.to_string(),
        ]);
    }
    table
}

fn services(stage: &Snapshot) -> Table {
    let mut table = Table::new(["NAMESPACE", "SERVICE", "ADDRESS", "PORTS", "READY PODS"]);
    for service in &stage.services {
        let ports: Vec<String> = service.ports.iter().map(u16::to_string).collect();
        table.row([
            service.namespace.clone(),
            service.name.clone(),
            service.ip.map_or("None".to_owned(), |ip| ip.to_string()),
            ports.join(","),
            service.ready.len().to_string(),
        ]);
    }
    table
}

fn backends(stage: &Snapshot) -> Table {
    let mut table = Table::new(["BACKEND", "URL", "STATUS"]);
    for backend in &stage.backends {
        let died = backend.died.as_ref().map(|why| format!("died: {why}"));
        let state = died.unwrap_or_else(|| "Running".to_owned());
        table.row([backend.name.clone(), backend.url.clone(), state]);
    }
    table
}

fn faults(faults: &[Fault]) -> Table {
    let mut table = Table::new(["NAMESPACE", "FAULT", "INJECTED", "PAUSED"]);
    for fault in faults {
        table.row([
            fault.namespace.clone(),
            format!("{}/{}", fault.kind.to_lowercase(), fault.name),
            format!("{} of {}", fault.injected, fault.targets),
            if fault.paused { "yes" } else { "no" }.to_owned(),
        ]);
    }
    table
}

/// The word in kubectl's STATUS column.
fn condition(pod: &PodStatus) -> String {
    let waiting =
        |container: &ContainerStatus| container.waiting.clone().filter(|_| container.pid.is_none());
    if pod.terminating {
        "Terminating".to_owned()
    } else if let Some(why) = pod.containers.iter().find_map(waiting) {
        why
    } else {
        format!("{:?}", pod.phase)
    }
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1}Mi", bytes as f64 / f64::from(1 << 20))
}
