//! The arguments of `tale rollout`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::Place;

/// `tale rollout`
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct Rollout {
    /// The release: manifests, files or folders (their *.yaml and *.yml)
    #[arg(required = true)]
    pub release: Vec<PathBuf>,
    /// Ask the gate first: OpenSLO files or folders. If it refuses, or cannot judge, nothing is
    /// changed; may be given several times
    #[arg(long, value_name = "SLO")]
    pub gate: Vec<PathBuf>,
    /// The window that the gate judges, in production time: the stage clock shortens it
    #[arg(long, value_name = "DURATION", default_value = "5m", requires = "gate")]
    pub last: String,
    /// How long the roll-out may take, e.g. 90s; what it has done by then stays
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = within)]
    pub within: Duration,
    /// On which stage
    #[command(flatten)]
    pub place: Place,
}

fn within(text: &str) -> Result<Duration, String> {
    load::parse_duration(text).map_err(|why| why.to_string())
}

const EXIT_CODES: &str = "\
Examples:
  tale rollout manifests/devops/shops-v2.yaml --gate manifests/slo/registry.yaml
  tale rollout manifests/devops/shops-v2.yaml          nobody is asked

Exit codes:
  0  rolled out: all Deployments of the release are ready
  1  the gate refuses, and nothing was changed; or the roll-out did not end in time: why is told, and what was done stays
  2  could not judge, and nothing was changed; no stage, or manifests that it refuses";
