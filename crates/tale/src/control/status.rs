//! A stage at one moment, as another terminal sees it.

use std::net::SocketAddr;
use std::path::PathBuf;

use chaos::snapshot::{DesiredPhase, Object, Phase, Status as ObjectStatus};
use serde::{Deserialize, Serialize};
use slo::Clock;
use stage::{Place, Snapshot};

/// A stage at one moment, with everything that somebody at another terminal needs to know of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Status {
    /// `up`, or `play dns-leak`.
    pub name: String,
    /// The stage's process.
    pub pid: u32,
    /// How fast time passes.
    pub clock: Clock,
    /// Logs, configuration and data.
    pub state_dir: PathBuf,
    /// Where Prometheus and Alertmanager answer.
    pub urls: Urls,
    /// Where cluster DNS answers, if it can be asked from here.
    pub dns: Option<SocketAddr>,
    /// Experiments that are not over.
    pub faults: Vec<Fault>,
    /// Pods, Deployments, Services and the rest.
    #[serde(flatten)]
    pub stage: Snapshot,
}

/// Where Prometheus and Alertmanager answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Urls {
    /// Prometheus, if the stage has one.
    pub prometheus: Option<String>,
    /// Alertmanager, if the stage has one.
    pub alertmanager: Option<String>,
}

/// An experiment that is not over, or a Schedule.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Fault {
    /// `DNSChaos`.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Whether it is paused.
    pub paused: bool,
    /// Targets under the fault now.
    pub injected: usize,
    /// Targets selected.
    pub targets: usize,
}

impl Status {
    /// Brings together what a stage says of itself, of its pods and of its chaos.
    pub fn new(
        name: &str,
        state_dir: PathBuf,
        place: &Place,
        stage: Snapshot,
        chaos: &chaos::snapshot::Snapshot,
    ) -> Self {
        Self {
            name: name.to_owned(),
            pid: std::process::id(),
            clock: place.clock,
            state_dir,
            urls: Urls {
                prometheus: place.prometheus.clone(),
                alertmanager: place.alertmanager.clone(),
            },
            dns: place.dns,
            faults: chaos.objects.iter().filter_map(fault).collect(),
            stage,
        }
    }
}

impl Status {
    /// Whose stage it is: that of a process, or that of a cluster's namespace.
    pub fn whose(&self) -> String {
        if self.state_dir.as_os_str().is_empty() {
            self.name.clone()
        } else {
            format!("{}, process {}", self.name, self.pid)
        }
    }
}

/// What is of interest about an experiment, unless it is over.
fn fault(object: &Object) -> Option<Fault> {
    let stopped = matches!(&object.status, ObjectStatus::Experiment(status)
        if status.experiment.desired_phase == Some(DesiredPhase::Stop));
    // A check watches and breaks nothing; a workflow is over when its entry is.
    let over = stopped && object.is("AllRecovered")
        || matches!(&object.status, ObjectStatus::StatusCheck(_))
        || object.is("Accomplished");
    if over {
        return None;
    }
    let (records, meta) = (object.records(), &object.metadata);
    let injected = records.iter().filter(|record| record.phase == Phase::Injected).count();
    Some(Fault {
        kind: object.kind.clone(),
        namespace: meta.namespace.clone(),
        name: meta.name.clone(),
        paused: meta.paused(),
        injected,
        targets: records.len(),
    })
}
