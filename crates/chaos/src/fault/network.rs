//! NetworkChaos: what leaves a pod is shaped.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::target::Target;

/// Packets that leave a pod are delayed, lost, slowed down or dropped (NetworkChaos).
///
/// A direction `from` is the same fault on the peers: only what leaves is shaped, as by `tc`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetworkFault {
    /// Whom the packets are for; none means everybody.
    pub towards: Option<Vec<Peer>>,
    /// Each packet waits.
    pub delay: Option<NetworkDelay>,
    /// Share of packets that are lost, in percent.
    pub loss_percent: f64,
    /// How much the fate of a packet depends on that of the one before, in percent.
    #[serde(default)]
    pub loss_correlation: f64,
    /// Bytes per second that get through.
    pub bytes_per_second: Option<u64>,
    /// Nothing gets through, and neither end gets an error.
    pub partition: bool,
}

/// How long packets wait.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkDelay {
    /// On average.
    pub latency: Duration,
    /// More or less than that, evenly spread.
    pub jitter: Duration,
    /// How much that depends on the packet before, in percent; without jitter it means nothing.
    #[serde(default)]
    pub correlation: f64,
}

/// The other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Peer {
    /// A pod.
    Pod(Target),
    /// An address, or a name that is resolved once, with an optional `:port`, or a CIDR block.
    External(String),
}
