//! Which stage it is, and where it answers.

use std::fmt;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use slo::Clock;

/// Which stage it is, and where it answers. Never changes while the stage lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Which of the two.
    pub kind: StageKind,
    /// How fast time passes.
    pub clock: Clock,
    /// The URL of Prometheus; none on a stage without one. Whether it still lives is in the
    /// snapshot's `backends`.
    pub prometheus: Option<String>,
    /// The URL of Alertmanager.
    pub alertmanager: Option<String>,
    /// Where cluster DNS answers, if it can be asked from here.
    pub dns: Option<SocketAddr>,
}

/// The two stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StageKind {
    /// Processes on this machine.
    Local,
    /// A Kubernetes cluster.
    Cluster,
}

impl fmt::Display for StageKind {
    /// One word, as on the command line.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Local => "local",
            Self::Cluster => "cluster",
        })
    }
}
