//! Clients that hold connections instead of using them: `hoard`, `slow-header`, `slow-read` and
//! `half-open`.
//!
//! They are one program. What differs is how a client behaves once it is connected, which is data
//! ([`manner`]); all of them are watched for what the server does about it ([`holder`]). Where they
//! may go is decided in [`guard`].

mod condition;
mod counts;
mod destination;
mod guard;
mod holder;
mod manner;
mod metrics;
mod options;
mod report;
mod run;
mod sources;

pub(crate) use run::execute;

pub(crate) use destination::Destination;
pub(crate) use guard::Guard;
pub(crate) use options::Command;

/// The profiles, as the first word of a command line.
pub(crate) const PROFILES: [&str; 4] = ["hoard", "slow-header", "slow-read", "half-open"];
