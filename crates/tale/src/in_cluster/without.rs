//! What this program says about clusters when it was built without them.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Result, bail};
use images::bundle::Lock;
use oci::Digest;
use slo::Clock;
use stage::Stage;

use crate::cli::{Place, Workshop};
use crate::finding::Finding;
use crate::folders::Project;
use crate::in_cluster::Fetching;
use crate::setup::Setup;

const WHY: &str = "this program was built without the cluster stage; run it through ./tale, which builds it, or with `cargo build --features tale/cluster`";

/// # Errors
/// Always.
pub async fn start(_root: &Path, _place: &Place, _clock: Clock) -> Result<Arc<dyn Stage>> {
    bail!(WHY)
}

/// # Errors
/// Always.
pub async fn attach(_place: &Place) -> Result<Arc<dyn Stage>> {
    bail!(WHY)
}

/// # Errors
/// Always.
pub async fn down(_place: &Place) -> Result<String> {
    bail!(WHY)
}

/// # Errors
/// Always.
pub async fn reset(_place: &Place) -> Result<()> {
    bail!(WHY)
}

/// # Errors
/// Always.
pub async fn dry_run(_root: &Path, _place: &Place, _setup: &Setup) -> Result<String> {
    bail!(WHY)
}

/// # Errors
/// Always.
pub async fn fix(_place: &Place) -> Result<Vec<String>> {
    bail!(WHY)
}

/// # Errors
/// Always.
pub async fn doctor(_place: &Place) -> Result<Vec<Finding>> {
    bail!(WHY)
}

/// # Errors
/// Always.
pub async fn fetch(_asked: Fetching, _lock: &Lock) -> Result<Vec<(String, Digest)>> {
    bail!(WHY)
}

/// # Errors
/// Always.
pub async fn workshop(_project: &Project, _args: Workshop) -> Result<ExitCode> {
    bail!(WHY)
}
