//! Where a tale is played. The *local stage* reads the very YAML that `kubectl apply` takes and
//! runs its pods as plain processes, with a real Prometheus and Alertmanager: one description, two
//! stages. Start at [`Stage`], what a play does to either, then [`local::LocalStage`].
//!
//! A binary that embeds the local stage must offer two hidden subcommands, which call
//! [`shim::exec`] and [`stress::exec`]: see there.

mod adaptation;
mod begun;
mod door;
mod error;
mod event;
pub mod inbox;
pub mod local;
pub mod manifest;
mod name;
mod notification;
mod place;
pub mod shim;
mod snapshot;
mod stage;
pub mod stress;

pub use adaptation::Adaptation;
pub use begun::wait_until_begun;
pub use door::{ADMIN_PORT, Door};
pub use error::StageError;
pub use event::{Event, EventKind};
pub use local::PORTS_MOVED;
pub use manifest::{SourceFile, names};
pub use name::NamespacedName;
pub use notification::Notification;
pub use place::{Place, StageKind};
pub use snapshot::{
    BackendStatus, ContainerStatus, DeploymentStatus, Exit, JobStatus, Phase, PodStatus,
    ServiceStatus, Snapshot,
};
pub use stage::{Stage, wait_for_chaos};

/// The example of the README is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
