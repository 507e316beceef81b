//! What a fault does to a pod, in the units of the data plane: bytes, milliseconds, shares.
//!
//! A kind of chaos reads its document into one of these; a stage carries it out. Nothing here
//! depends on either.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::injector::Target;

/// Processes beside the pod that take its CPU time and memory (StressChaos).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StressFault {
    /// CPU time.
    pub cpu: Option<CpuStress>,
    /// Memory.
    pub memory: Option<MemoryStress>,
}

/// Workers that compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpuStress {
    /// How many.
    pub workers: u32,
    /// Share of the time in which each computes, in percent.
    pub load_percent: u8,
}

/// Workers that hold memory.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemoryStress {
    /// How many.
    pub workers: u32,
    /// How much all of them hold together.
    pub size: MemorySize,
    /// Seconds until they hold it; 0 takes it at once.
    pub grow_seconds: f64,
    /// Their `oom_score_adj`; none leaves it to the stage.
    pub oom_score_adj: Option<i32>,
}

/// An amount of memory.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemorySize {
    /// In bytes.
    Bytes(u64),
    /// Of what the host has, in percent: not of the container's limit.
    PercentOfHost(f64),
}

/// Requests to one port of a pod, or the responses from it, are broken (HTTPChaos).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HttpFault {
    /// Which messages are hit.
    pub side: HttpSide,
    /// The pod's port.
    pub port: u16,
    /// Which of them: all conditions have to hold.
    pub conditions: HttpConditions,
    /// Drop the connection without an answer.
    pub abort: bool,
    /// Wait before passing the message on.
    pub delay: Option<Duration>,
    /// Parts that are exchanged.
    pub replace: HttpReplace,
    /// Parts that are added.
    pub patch: HttpPatch,
}

impl HttpFault {
    /// Hits every message of that side, and does nothing to it yet.
    #[must_use]
    pub fn new(side: HttpSide, port: u16) -> Self {
        Self {
            side,
            port,
            conditions: HttpConditions::default(),
            abort: false,
            delay: None,
            replace: HttpReplace::default(),
            patch: HttpPatch::default(),
        }
    }
}

/// Which messages are hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HttpSide {
    /// On their way to the pod.
    Request,
    /// On their way back.
    Response,
}

/// Conditions that all have to hold; an empty one always does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpConditions {
    /// Path without query; `*` is any run of characters, `?` one.
    pub path: Option<String>,
    /// `GET`.
    pub method: Option<String>,
    /// Status code; responses only.
    pub code: Option<u16>,
    /// Values of request headers.
    pub request_headers: BTreeMap<String, String>,
    /// Values of response headers; responses only.
    pub response_headers: BTreeMap<String, String>,
}

/// Parts of a message that are exchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpReplace {
    /// The path; requests only.
    pub path: Option<String>,
    /// The method; requests only.
    pub method: Option<String>,
    /// The status code, 200 to 999; responses only.
    pub code: Option<u16>,
    /// The body.
    pub body: Option<Vec<u8>>,
    /// Query parameters; requests only.
    pub queries: BTreeMap<String, String>,
    /// Headers; the old values go.
    pub headers: BTreeMap<String, String>,
}

/// Parts of a message that are added.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HttpPatch {
    /// Merged into a JSON body (RFC 7396). A message with any other body is lost, and its
    /// connection with it.
    pub body: Option<Value>,
    /// Appended query parameters; requests only.
    pub queries: Vec<(String, String)>,
    /// Appended headers.
    pub headers: Vec<(String, String)>,
}

/// Whether the header `name` tells where a message ends (RFC 9112, section 6). A fault cannot set
/// it: it follows from the body, and with any other value the next message would be read from the
/// wrong place.
pub fn is_framing(name: &str) -> bool {
    let framing = ["Content-Length", "Transfer-Encoding"];
    framing.iter().any(|header| header.eq_ignore_ascii_case(name))
}

/// Packets that leave a pod are delayed, lost, slowed down or dropped (NetworkChaos).
///
/// A direction `from` is the same fault on the peers: only what leaves is shaped, as by `tc`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetworkFault {
    /// Whom the packets are for; none means anybody.
    pub towards: Option<Vec<Peer>>,
    /// Each packet waits.
    pub delay: Option<NetworkDelay>,
    /// Share of packets that are lost, in percent.
    pub loss_percent: f64,
    /// Bytes per second that get through.
    pub bytes_per_second: Option<u64>,
    /// Nothing gets through, and nobody is told.
    pub partition: bool,
}

/// How long packets wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkDelay {
    /// On average.
    pub latency: Duration,
    /// More or less than that, evenly spread.
    pub jitter: Duration,
}

/// Somebody at the other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Peer {
    /// A pod.
    Pod(Target),
    /// An address, or a name that is resolved once, with an optional `:port`, or a CIDR block.
    External(String),
}
