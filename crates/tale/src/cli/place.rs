//! Which stage is meant, and how a stage in a cluster is to be.

use clap::{Args, ValueEnum};

/// Where a tale is played.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum OnArg {
    /// As processes on this machine
    #[default]
    Local,
    /// On a Kubernetes cluster with Chaos Mesh and the Prometheus operator
    Cluster,
}

/// What a stage in a cluster brings besides the tale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum With {
    /// A Prometheus and an Alertmanager of its own, even where there are some
    Monitoring,
    /// Answers for o11y.love, cncf.io and gitlab.com, for a hall without a network: a block in the
    /// configuration of the cluster's CoreDNS, until `down`
    DemoNames,
}

/// Which stage.
#[derive(Debug, Clone, Default, Args)]
pub struct Place {
    /// Which stage: processes on this machine, or a cluster
    #[arg(long, value_enum, default_value_t, env = "TALES_ON", global = true)]
    pub on: OnArg,
    /// The context of the kubeconfig; the current one if it is left out
    #[arg(long, value_name = "NAME", help_heading = "In a cluster", global = true)]
    pub context: Option<String>,
    /// The namespace; made if it is not there, and then taken away again
    #[arg(long, default_value = "default", help_heading = "In a cluster", global = true)]
    pub namespace: String,
    /// What the stage brings itself. It brings what it needs and the cluster lacks in any case
    #[arg(long, value_enum, help_heading = "In a cluster", global = true)]
    pub with: Vec<With>,
    /// The image of the project's programs; built and named by its content if it is left out
    #[arg(long, value_name = "REFERENCE", help_heading = "In a cluster", global = true)]
    pub image: Option<String>,
    /// The image of a part of its monitoring: prometheus, alertmanager or blackbox; by default one
    /// that lies on a node
    #[arg(long, value_name = "NAME=REFERENCE", value_parser = super::pair, help_heading = "In a cluster", global = true)]
    pub use_image: Vec<(String, String)>,
    /// Where Prometheus answers, if the API server does not lead there
    #[arg(long, value_name = "URL", help_heading = "In a cluster", global = true)]
    pub prometheus_url: Option<String>,
    /// Where Alertmanager answers, if the API server does not lead there
    #[arg(long, value_name = "URL", help_heading = "In a cluster", global = true)]
    pub alertmanager_url: Option<String>,
    /// Do not ask whether this is the right cluster
    #[arg(long, help_heading = "In a cluster", global = true)]
    pub yes: bool,
}

impl Place {
    /// Whether a cluster is meant.
    pub fn is_cluster(&self) -> bool {
        self.on == OnArg::Cluster
    }
}
