//! A script that an act runs, as an operator would: with `sh`, on this machine, against the admin
//! ports of pods.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process_group};
use stage::{NamespacedName, Stage};
use tokio::process::Command;

use crate::story::Script;

/// The longest that a script may take: one that waits for eight nameservers is done long before.
const TIME_OUT: Duration = Duration::from_secs(60);
/// What a shell ends with when it does not find a program.
const NOT_FOUND: i32 = 127;
/// What of its words is kept for a message.
const KEPT: usize = 2_000;

/// Runs it to its end; what it said.
///
/// # Errors
/// There is no pod to reach, it took too long, or it failed: then with its last words.
pub(super) async fn run(
    root: &Path,
    script: &Script,
    stage: &dyn Stage,
    set: &BTreeMap<String, String>,
) -> Result<String> {
    let file = root.join(&script.file);
    let shown = script.file.display();
    let mut command = Command::new(std::env::current_exe().context("where this program lies")?);
    // Tied to this process as pods are: it does not outlive a play that is killed.
    let parent = format!("--parent={}", std::process::id());
    command.args(["pod-shim", &parent, "--files=256", "--", "/bin/sh"]).arg(&file).envs(set);
    let mut doors = Vec::new();
    for (variable, deployment) in &script.at {
        let name = NamespacedName::new(&script.namespace, deployment);
        let admin = stage.admin(&name).await.with_context(|| format!("{shown}: at.{variable}"))?;
        ensure!(!admin.is_empty(), "{shown}: at.{variable}: no pod of {deployment} is ready");
        let urls: Vec<&str> = admin.iter().map(|door| door.url.as_str()).collect();
        command.env(variable, urls.join(" "));
        doors.push(admin);
    }
    command.current_dir(root).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.kill_on_drop(true).process_group(0);
    let child = command.spawn().with_context(|| format!("cannot run {shown}"))?;
    let group = Group(child.id());
    let output = tokio::time::timeout(TIME_OUT, child.wait_with_output()).await;
    let output = output
        .with_context(|| format!("{shown} takes longer than {} s", TIME_OUT.as_secs()))?
        .with_context(|| format!("cannot wait for {shown}"))?;
    std::mem::forget(group); // it has ended by itself, and its number is anybody's
    drop(doors); // reached until here
    if !output.status.success() {
        let missing = output.status.code() == Some(NOT_FOUND);
        let remedy = if missing { "; install what it calls: apt-get install curl" } else { "" };
        bail!("{shown} failed ({}): {}{remedy}", output.status, last(&output.stderr));
    }
    Ok(last(&output.stdout))
}

/// A script and what it has started: killed together when nobody waits for them any more.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        let leader = self.0.and_then(|id| Pid::from_raw(id.cast_signed()));
        if let Some(leader) = leader {
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

/// The end of what it wrote, on whole characters.
fn last(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(KEPT)..]);
    text.trim().to_owned()
}
