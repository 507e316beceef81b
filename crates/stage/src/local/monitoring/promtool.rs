//! `promtool`: names a bad rule with its reason before Prometheus refuses all of them.

use std::path::Path;

use super::backend::{RELOAD_TIME_OUT, on_path};

/// Runs `promtool check rules` on a rule file when promtool is there; `Err` holds what it says.
pub(super) async fn check_rules(file: &Path) -> Result<(), String> {
    let Some(promtool) = on_path("promtool") else {
        return Ok(());
    };
    let mut command = tokio::process::Command::new(promtool);
    command.args(["check", "rules"]).arg(file).kill_on_drop(true);
    match tokio::time::timeout(RELOAD_TIME_OUT, command.output()).await {
        Ok(Ok(output)) if output.status.success() => Ok(()),
        Ok(Ok(output)) => Err(String::from_utf8_lossy(&output.stderr).trim().replace('\n', " ")),
        Ok(Err(error)) => Err(format!("promtool does not run: {error}")),
        Err(_) => Err("promtool does not end".into()),
    }
}
