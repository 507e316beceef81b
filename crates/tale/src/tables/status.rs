//! What runs on a stage, and where.

use std::path::Path;

use stage::{ContainerStatus, PodStatus, Snapshot};

use crate::control::{Fault, Status};
use crate::terminal::{Table, harmless};

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

/// A fact about the stage as a whole.
pub(crate) fn about(what: &str, value: &str) -> String {
    format!("{what:<15}{}\n", harmless(value))
}
