//! The seam to a stage: what the engine asks of whoever owns the pods.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::dns_chaos::DnsFault;
use crate::fault::{HttpFault, NetworkFault, StressFault};
use crate::probe::{HttpProbe, ProbeAnswer};

/// No fault lasts longer on a stage, whatever becomes of the engine: longer durations are refused.
pub const LONGEST_FAULT: Duration = Duration::from_secs(24 * 3_600);

/// A pod as the selectors see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pod {
    /// Namespace.
    pub namespace: String,
    /// Name, unique in its namespace.
    pub name: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    pub phase: String,
    /// The pod's address.
    pub ip: String,
    /// The node it runs on.
    pub node: String,
    /// Container names, in manifest order.
    pub containers: Vec<String>,
    /// Changes when the pod is replaced by another of the same name.
    pub uid: String,
}

/// The pod, or the container of a pod, that one record of an experiment is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Namespace of the pod.
    pub namespace: String,
    /// Name of the pod.
    pub pod: String,
    /// The pod's identity when it was selected: a successor of the same name is somebody else.
    pub uid: String,
    /// The container, for faults that act on containers.
    pub container: Option<String>,
}

impl fmt::Display for Target {
    /// The record id of Chaos Mesh: `namespace/pod` or `namespace/pod/container`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.namespace, self.pod)?;
        self.container.iter().try_for_each(|container| write!(out, "/{container}"))
    }
}

/// What is done to a target.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::large_enum_variant, reason = "one value per experiment, behind an Arc")]
pub enum Fault {
    /// Names that match get a failure or a wrong address.
    Dns(DnsFault),
    /// The pod is deleted; its owner makes another.
    PodKill {
        /// Seconds between the request to stop and the kill; 0 kills at once.
        grace_seconds: u64,
    },
    /// The container's process is killed and restarted in the same pod.
    ContainerKill,
    /// The pod stays but nothing in it listens, until it recovers.
    PodFailure,
    /// Processes beside the pod take its CPU time or memory.
    Stress(StressFault),
    /// Requests to a port of the pod, or the responses from it, are broken.
    Http(HttpFault),
    /// What leaves the pod is delayed, lost, slowed down or dropped.
    Network(NetworkFault),
}

impl Fault {
    /// Does the fault strike once and leave nothing to undo?
    #[must_use]
    pub fn one_shot(&self) -> bool {
        matches!(self, Self::PodKill { .. } | Self::ContainerKill)
    }

    /// Do several of them on one target add up, and end one by one? Of the others a target has one:
    /// the end of any ends it.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        matches!(self, Self::Stress(_) | Self::Http(_) | Self::Network(_))
    }
}

/// Carries faults out. Implemented by a stage.
///
/// The engine awaits at most one operation per target at a time, and drops the future of one that
/// takes too long.
pub trait Injector: Send + Sync + 'static {
    /// The pods that exist now.
    fn pods(&self) -> Vec<Pod>;

    /// Injects `fault` into `target`. It must lapse by itself at `expires`, at most
    /// [`LONGEST_FAULT`] from now. A failed apply leaves nothing behind. `id` names the fault:
    /// applying one of the same id to the same target again replaces it. Stress, HTTP and network
    /// faults of different ids coexist on a target.
    ///
    /// Returns what the stage had to cut, a phrase each ("2 CPU workers instead of 64"): shown in
    /// `Clamped` events.
    ///
    /// # Errors
    /// The reason, which is shown in a `Failed` event; the engine tries again.
    fn apply(
        &self,
        id: &str,
        fault: &Fault,
        target: &Target,
        expires: Option<SystemTime>,
    ) -> impl Future<Output = Result<Vec<String>, String>> + Send;

    /// Takes the `fault` of this `id` off `target`. Taking off what is not there, or from a pod
    /// that is gone, succeeds.
    ///
    /// # Errors
    /// The reason, which is shown in a `Failed` event; the engine tries again.
    fn recover(
        &self,
        id: &str,
        fault: &Fault,
        target: &Target,
    ) -> impl Future<Output = Result<(), String>> + Send;

    /// Sends one HTTP request and waits for the answer, at most as long as the request says. Names
    /// of Services are resolved as pods resolve them; redirects are followed, ten requests at most,
    /// as Go's client does.
    ///
    /// # Errors
    /// Why there was no answer: refused, timed out, not resolved. A [`crate::status_check`] counts
    /// it as a failure.
    fn probe(
        &self,
        request: &HttpProbe,
    ) -> impl Future<Output = Result<ProbeAnswer, String>> + Send {
        let url = request.url.clone();
        async move { Err(format!("{url}: this stage cannot send requests")) }
    }
}
