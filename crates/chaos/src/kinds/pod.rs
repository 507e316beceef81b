//! PodChaos: pods or containers are stopped.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::fields::mode::Mode;
use crate::fields::problem::Problem;
use crate::fields::read::read;
use crate::fields::selector::Selector;
use crate::kind::{Chaos, Common, Kind, Scope};

pub(crate) static KIND: Kind = Kind {
    name: "PodChaos",
    schedule_key: "podChaos",
    columns: &[],
    parse: |value, parent, problems| Some(Arc::new(read::<PodChaos>(value, parent, problems)?)),
};

/// The `spec` of a PodChaos.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodChaos {
    /// What happens to the pods.
    pub action: PodAction,
    /// Which pods.
    pub selector: Selector,
    /// How many of them.
    pub mode: Mode,
    /// The parameter of the mode.
    #[serde(default)]
    pub value: String,
    /// How long, from the creation of the object; the two kills ignore it.
    pub duration: Option<String>,
    /// `pod-kill`: seconds between the request to stop and the kill; 0 kills at once.
    #[serde(default)]
    pub grace_period: i64,
    /// `container-kill`: the containers, at least one.
    #[serde(default)]
    pub container_names: Vec<String>,
    /// Another cluster (refused on this stage).
    pub remote_cluster: Option<String>,
}

/// What happens to the pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PodAction {
    /// The pod is deleted; its owner makes another.
    PodKill,
    /// Containers are killed and restart in the same pod.
    ContainerKill,
    /// The pod stays, but nothing in it listens.
    PodFailure,
}

impl Chaos for PodChaos {
    fn common(&self) -> Common<'_> {
        let scope = match self.action {
            PodAction::ContainerKill => Scope::Containers(&self.container_names),
            PodAction::PodKill | PodAction::PodFailure => Scope::Pod,
        };
        Common {
            selector: &self.selector,
            mode: self.mode,
            value: &self.value,
            duration: self.duration.as_deref(),
            remote_cluster: self.remote_cluster.as_deref(),
            scope,
        }
    }

    fn one_shot(&self) -> bool {
        self.action != PodAction::PodFailure
    }

    fn check(&self, problems: &mut Vec<Problem>) {
        let seconds = 0..=i32::MAX.into();
        problems.extend(Problem::of_range("gracePeriod", self.grace_period, &seconds));
        if self.action == PodAction::ContainerKill && self.container_names.is_empty() {
            problems.push(Problem::new(
                "containerNames",
                "container-kill needs the names of the containers; list at least one",
            ));
        }
    }

    fn lints(&self, lints: &mut Vec<Problem>) {
        if self.one_shot() && self.duration.is_some() {
            lints.push(Problem::new(
                "duration",
                "a kill happens once, at creation, so Chaos Mesh ignores the duration; remove it",
            ));
        }
        if self.action != PodAction::PodKill && self.grace_period > 0 {
            lints.push(Problem::new("gracePeriod", "only pod-kill reads it; remove it"));
        }
        if self.action != PodAction::ContainerKill && !self.container_names.is_empty() {
            lints.push(Problem::new("containerNames", "only container-kill reads it; remove it"));
        }
    }

    fn fault(&self) -> Result<Fault, Problem> {
        Ok(match self.action {
            PodAction::PodKill => {
                Fault::PodKill { grace_seconds: u64::try_from(self.grace_period).unwrap_or(0) }
            }
            PodAction::ContainerKill => Fault::ContainerKill,
            PodAction::PodFailure => Fault::PodFailure,
        })
    }

    fn mechanism(&self) -> String {
        match self.action {
            PodAction::PodKill => "the pod's process is stopped and its owner starts another pod",
            PodAction::ContainerKill => {
                "the container's process gets SIGKILL and restarts in the same pod"
            }
            PodAction::PodFailure => {
                "the pod's process is stopped and its port stays closed until recovery"
            }
        }
        .to_owned()
    }
}
