//! Prometheus's own tool: checks and tests rules, writes blocks, asks queries.

use std::path::Path;
use std::process::Command;

use crate::program::Ended;

/// Runs it in `folder`. Without it nothing is proven, so that fails, too.
///
/// # Panics
/// It is not installed.
pub fn run(folder: &Path, args: &[&str]) -> Ended {
    let output = Command::new("promtool").args(args).current_dir(folder).output();
    output.expect("promtool does not start; apt-get install prometheus").into()
}
