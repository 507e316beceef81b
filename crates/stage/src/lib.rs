//! Where a tale is played. The *local stage* reads the very YAML that `kubectl apply` takes and
//! runs its pods as plain processes, with a real Prometheus and Alertmanager: one description, two
//! stages. Start at [`local::LocalStage`].
//!
//! A binary that embeds the local stage must offer two hidden subcommands, which call
//! [`shim::exec`] and [`stress::exec`]: see there.
//!
//! ```no_run
//! use std::time::Duration;
//! use stage::NamespacedName;
//! use stage::local::{Config, LocalStage};
//! use stage::manifest::Manifests;
//!
//! # async fn play() -> Result<(), Box<dyn std::error::Error>> {
//! let stage = LocalStage::start(Config::new(".tales/state")?).await?;
//! let not_applied = stage.apply(Manifests::load(&["manifests/base/dns-leaker"])?).await?;
//! let leaker = NamespacedName::new("default", "dns-leaker-o11y");
//! stage.wait_ready(&leaker, Duration::from_secs(30)).await?;
//! let mail = stage.inbox().wait_for(|n| n.tells("DnsLeakerMemoryGrowth", "firing"), Duration::from_secs(45)).await;
//! stage.down().await?;
//! # Ok(())
//! # }
//! ```

mod error;
mod event;
pub mod local;
pub mod manifest;
mod name;
pub mod shim;
mod snapshot;
pub mod stress;

pub use error::StageError;
pub use event::{Event, EventKind};
pub use name::NamespacedName;
pub use snapshot::{
    BackendStatus, ContainerStatus, DeploymentStatus, Exit, JobStatus, Phase, PodStatus,
    ServiceStatus, Snapshot,
};
