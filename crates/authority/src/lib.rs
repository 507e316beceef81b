//! Authoritative DNS without a network: a zone, its signatures, what is asked, answered and copied.
//!
//! Messages go in and messages come out: whoever has sockets, timers and settings is
//! [`nameserver`](../../services/nameserver/README.md), whose README says in which order to read.
//! It is a crate of its own so that strangers' bytes can be fuzzed without a web server around
//! them, and so that `zone-exporter` asks by the same rules. Next: `desk.rs`, where every message
//! arrives.

pub mod answer;
pub mod asked;
pub mod collect;
pub mod desk;
#[doc(hidden)]
pub mod fuzzing;
pub mod history;
pub mod key;
pub mod labels;
pub mod message;
pub mod metrics;
pub mod notified;
pub mod outgoing;
pub mod policy;
pub mod published;
pub mod refused;
pub mod request;
pub mod serial;
pub mod signer;
pub mod state;
pub mod tsig;
pub mod zone;

/// The README's example has to compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
