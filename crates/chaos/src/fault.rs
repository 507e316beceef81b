//! What a fault does to a target, in the units of the data plane: bytes, milliseconds, shares.
//!
//! A kind of chaos turns its document into a [`Fault`]; a stage carries it out. Nothing here
//! depends on either. A new kind of fault adds a variant here; what it needs to say in detail is in
//! a file of its own below `fault/`.

mod dns;
mod http;
mod network;
mod stress;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use dns::{DnsAction, DnsFault};
pub use http::{HttpConditions, HttpFault, HttpPatch, HttpReplace, HttpSide, is_framing};
pub use network::{NetworkDelay, NetworkFault, Peer};
pub use stress::{CpuStress, MemorySize, MemoryStress, StressFault};

/// No fault lasts longer on a stage, whatever becomes of the engine: longer durations are refused.
pub const LONGEST_FAULT: Duration = Duration::from_secs(24 * 3_600);

/// What is done to a target. Nothing in this crate matches on all variants: a new one is an edit
/// here and in the stage that carries it out.
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
    /// Does the fault strike once and leave nothing to undo? Most do not.
    #[must_use]
    pub fn one_shot(&self) -> bool {
        matches!(self, Self::PodKill { .. } | Self::ContainerKill)
    }

    /// Do several of them on one target add up, and end one by one? Of the others a target has one
    /// at most: the end of any of them ends it.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        matches!(self, Self::Stress(_) | Self::Http(_) | Self::Network(_))
    }
}
