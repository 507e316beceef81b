//! Where a tale is played. The *local stage* reads the very YAML that `kubectl apply` takes and
//! runs its pods as plain processes, with a real Prometheus and Alertmanager: one description, two
//! stages. Start at [`Stage`], what a play does to either, then [`local::LocalStage`].
//!
//! A binary that embeds the local stage must offer two hidden subcommands, which call
//! [`shim::exec`] and [`stress::exec`]: see there.
//!
//! ```no_run
//! use std::collections::BTreeMap;
//! use std::time::Duration;
//! use stage::local::{Config, LocalStage};
//! use stage::{NamespacedName, SourceFile, Stage};
//!
//! # async fn play() -> Result<(), Box<dyn std::error::Error>> {
//! let stage = LocalStage::start(Config::new(".tales/state")?).await?;
//! let files = SourceFile::load(&["manifests/base/dns-leaker"])?;
//! let not_applied = stage.apply(&files, &BTreeMap::new()).await?;
//! let leaker = NamespacedName::new("default", "dns-leaker-o11y");
//! stage.wait_ready(&leaker, Duration::from_secs(30)).await?;
//! for document in chaos::document::parse("dns.yaml", &std::fs::read_to_string("dns.yaml")?)? {
//!     stage.inject(&document).await?;
//! }
//! let mail = stage.mail().await?;
//! stage.down().await?;
//! # Ok(())
//! # }
//! ```

mod error;
mod event;
pub mod local;
pub mod manifest;
mod name;
mod notification;
mod place;
pub mod shim;
mod snapshot;
mod stage;
pub mod stress;

pub use error::StageError;
pub use event::{Event, EventKind};
pub use manifest::SourceFile;
pub use name::NamespacedName;
pub use notification::Notification;
pub use place::{Place, StageKind};
pub use snapshot::{
    BackendStatus, ContainerStatus, DeploymentStatus, Exit, JobStatus, Phase, PodStatus,
    ServiceStatus, Snapshot,
};
pub use stage::{Stage, wait_for_chaos};
