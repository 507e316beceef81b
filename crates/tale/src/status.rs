//! `tale status`: what runs on a stage and where, as a table for people and as JSON for programs.

use std::net::SocketAddr;
use std::path::Path;

use chaos::snapshot::{DesiredPhase, Object, Phase};
use serde::Serialize;
use stage::{ContainerStatus, PodStatus, Snapshot};

use crate::columns::Columns;
use crate::world::World;

/// A stage at one moment, with everything that somebody at another terminal needs to know of it.
#[derive(Serialize)]
pub struct Status<'s> {
    /// `up`, or `play dns-leak`.
    name: &'s str,
    /// The stage's process.
    pid: u32,
    /// `stage` or `real`.
    clock: &'static str,
    /// Logs, configuration and data.
    state_dir: &'s Path,
    /// Where Prometheus and Alertmanager answer.
    urls: Urls<'s>,
    /// Where cluster DNS answers.
    dns: Option<SocketAddr>,
    /// Experiments that are not over.
    faults: Vec<Fault<'s>>,
    /// Pods, Deployments, Services and the rest.
    #[serde(flatten)]
    stage: &'s Snapshot,
}

#[derive(Serialize)]
struct Urls<'s> {
    prometheus: Option<&'s str>,
    alertmanager: Option<&'s str>,
}

/// An experiment that is not over, or a Schedule.
#[derive(Serialize)]
struct Fault<'s> {
    kind: &'s str,
    namespace: &'s str,
    name: &'s str,
    paused: bool,
    /// Targets under the fault now.
    injected: usize,
    /// Targets selected.
    targets: usize,
}

impl<'s> Status<'s> {
    /// Brings together what stage and chaos engine say.
    pub fn of(
        world: &'s World,
        stage: &'s Snapshot,
        chaos: &'s chaos::snapshot::Snapshot,
        name: &'s str,
        state_dir: &'s Path,
    ) -> Self {
        let place = world.stage.place();
        Self {
            name,
            pid: std::process::id(),
            clock: world.clock.as_str(),
            state_dir,
            urls: Urls {
                prometheus: place.prometheus.as_deref(),
                alertmanager: place.alertmanager.as_deref(),
            },
            dns: place.dns,
            faults: chaos.objects.iter().filter_map(fault).collect(),
            stage,
        }
    }

    /// For programs.
    ///
    /// # Errors
    /// None in practice: nothing in it cannot be JSON.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// For people.
    pub fn table(&self) -> String {
        let tables = [
            self.pods(),
            self.deployments(),
            self.jobs(),
            self.services(),
            self.backends(),
            self.faults(),
        ];
        let mut text = String::new();
        for table in tables.iter().filter(|table| !table.is_empty()) {
            text.push_str(&format!("{table}\n"));
        }
        let faults = if self.faults.is_empty() { "none" } else { "above" };
        let mut about = vec![
            ("stage", format!("{}, process {}", self.name, self.pid)),
            ("clock", self.clock.to_owned()),
            ("cluster DNS", self.dns.map_or("none".to_owned(), |dns| dns.to_string())),
            ("faults", faults.to_owned()),
            ("state folder", self.state_dir.display().to_string()),
        ];
        let not_applied = self.stage.not_applied.len();
        if not_applied > 0 {
            let what =
                format!("{not_applied} fields that only mean something in a cluster; see --json");
            about.push(("not applied", what));
        }
        for (what, value) in about {
            text.push_str(&format!("{what:<15}{value}\n"));
        }
        text
    }

    fn pods(&self) -> Columns {
        let mut table =
            Columns::new(["NAMESPACE", "POD", "READY", "STATUS", "RESTARTS", "ADDRESS", "RSS"]);
        for pod in &self.stage.pods {
            let containers = &pod.containers;
            let ready = containers.iter().filter(|one| one.ready).count();
            let restarts: u32 = containers.iter().map(|one| one.restart_count).sum();
            let rss: Option<u64> = containers.iter().map(|one| one.rss_bytes).sum();
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

    fn deployments(&self) -> Columns {
        let mut table =
            Columns::new(["NAMESPACE", "DEPLOYMENT", "READY", "UP-TO-DATE", "AVAILABLE"]);
        for one in &self.stage.deployments {
            table.row([
                one.namespace.clone(),
                one.name.clone(),
                format!("{}/{}", one.ready, one.replicas),
                one.updated.to_string(),
                one.ready.to_string(),
            ]);
        }
        table
    }

    fn jobs(&self) -> Columns {
        let mut table = Columns::new(["NAMESPACE", "JOB", "ACTIVE", "SUCCEEDED", "FAILED"]);
        for one in &self.stage.jobs {
            table.row([
                one.namespace.clone(),
                one.name.clone(),
                one.active.to_string(),
                one.succeeded.to_string(),
                one.failed.to_string(),
            ]);
        }
        table
    }

    fn services(&self) -> Columns {
        let mut table = Columns::new(["NAMESPACE", "SERVICE", "ADDRESS", "PORTS", "READY PODS"]);
        for one in &self.stage.services {
            let ports: Vec<String> = one.ports.iter().map(u16::to_string).collect();
            table.row([
                one.namespace.clone(),
                one.name.clone(),
                one.ip.map_or("None".to_owned(), |ip| ip.to_string()),
                ports.join(","),
                one.ready.len().to_string(),
            ]);
        }
        table
    }

    fn backends(&self) -> Columns {
        let mut table = Columns::new(["BACKEND", "URL", "STATUS"]);
        for one in &self.stage.backends {
            let died = one.died.as_ref().map(|why| format!("died: {why}"));
            table.row([
                one.name.clone(),
                one.url.clone(),
                died.unwrap_or_else(|| "Running".to_owned()),
            ]);
        }
        table
    }

    fn faults(&self) -> Columns {
        let mut table = Columns::new(["NAMESPACE", "FAULT", "INJECTED", "PAUSED"]);
        for one in &self.faults {
            table.row([
                one.namespace.to_owned(),
                format!("{}/{}", one.kind.to_lowercase(), one.name),
                format!("{} of {}", one.injected, one.targets),
                if one.paused { "yes" } else { "no" }.to_owned(),
            ]);
        }
        table
    }
}

/// What is of interest about an experiment, unless it is over.
fn fault(object: &Object) -> Option<Fault<'_>> {
    use chaos::snapshot::Status as Of;
    let over = matches!(&object.status, Of::Experiment(status)
        if status.experiment.desired_phase == Some(DesiredPhase::Stop) && object.is("AllRecovered"));
    // A check watches and breaks nothing; a workflow is over when its entry is.
    let over = over || matches!(&object.status, Of::StatusCheck(_)) || object.is("Accomplished");
    let records = object.records();
    let injected = records.iter().filter(|record| record.phase == Phase::Injected).count();
    let meta = &object.metadata;
    (!over).then_some(Fault {
        kind: &object.kind,
        namespace: &meta.namespace,
        name: &meta.name,
        paused: meta.paused(),
        injected,
        targets: records.len(),
    })
}

/// The word in kubectl's STATUS column.
fn condition(pod: &PodStatus) -> String {
    let waiting = |one: &ContainerStatus| one.waiting.clone().filter(|_| one.pid.is_none());
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
