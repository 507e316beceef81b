//! The other stage: a Kubernetes cluster, with Chaos Mesh and the Prometheus operator. The files of
//! a tale are what it gets, adapted where it cannot be otherwise, and every adaptation is named.
//!
//! Start at [`ClusterStage`]. The order of things: [`connect`] finds the way, [`adapt`] changes the
//! documents, [`monitoring`] brings or finds what looks at the pods, [`tunnel`] leads to it,
//! [`sweep`] takes everything away. This crate is alone in knowing TLS.

pub mod adapt;
pub mod api;
pub mod chaos;
pub mod connect;
pub mod doctor;
mod error;
pub mod fetch;
pub mod kinds;
pub mod monitoring;
pub mod names;
pub mod object;
pub mod pod;
mod pulse;
mod settle;
mod stage;
mod status;
pub mod sweep;
pub mod tunnel;
pub mod watch;
pub mod workshop;

pub use connect::{Connection, connect};
pub use error::ClusterError;
pub use stage::{ClusterStage, Options, Progress};
