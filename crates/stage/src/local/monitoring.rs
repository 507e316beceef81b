//! The real Prometheus and Alertmanager: found, configured, started, reloaded. When one dies the
//! caller is told; it is never restarted, because a gap in the measurements means that nothing can
//! be judged.

mod alertmanager;
mod blackbox;
mod inbox;
mod prometheus;
mod targets;

use std::ffi::OsString;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::address::free_port;
use super::files;
use super::http;
use super::process::{Launch, Process, Spawner};
use crate::StageError;

pub use inbox::{Inbox, Notification};

pub(crate) use alertmanager::config as alertmanager_config;
pub(crate) use blackbox::{MODULE as PROBE_MODULE, start as start_prober};
pub(crate) use prometheus::{config as prometheus_config, rule_file};
pub(crate) use targets::{Pods as TargetPods, groups as target_groups};

/// Time for one reload or one `promtool` run.
const RELOAD_TIME_OUT: Duration = Duration::from_secs(10);

/// Prometheus or Alertmanager.
pub(crate) struct Backend {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) process: Process,
    pub(crate) log: PathBuf,
    pub(crate) died: Option<String>,
}

/// What differs between the two.
pub(crate) struct Recipe {
    pub(crate) name: &'static str,
    /// Program names, the best first.
    pub(crate) programs: &'static [&'static str],
    pub(crate) package: &'static str,
    pub(crate) port: u16,
    pub(crate) args: &'static [&'static str],
    /// A flag that not every version has.
    pub(crate) optional: Option<&'static str>,
}

pub(crate) const PROMETHEUS: Recipe = Recipe {
    name: "prometheus",
    programs: &["prometheus"],
    package: "prometheus",
    port: 9090,
    args: &[
        "--storage.tsdb.path=data",
        "--storage.tsdb.retention.time=1d",
        "--web.enable-lifecycle",
        "--log.level=warn",
    ],
    // Undocumented, and 5 s by default: how long a new target may wait for its scrape loop. The
    // five seconds that service discovery itself collects changes cannot be set, so a new pod's
    // first sample takes up to six seconds.
    optional: Some("--scrape.discovery-reload-interval=100ms"),
};

pub(crate) const ALERTMANAGER: Recipe = Recipe {
    name: "alertmanager",
    programs: &["prometheus-alertmanager", "alertmanager"],
    package: "prometheus-alertmanager",
    port: 9093,
    args: &["--storage.path=data", "--cluster.listen-address=", "--log.level=warn"],
    optional: None,
};

impl Backend {
    /// Starts it in `dir`, where its `config.yml` already is. It may not answer yet: see
    /// [`Self::wait_ready`].
    pub(crate) async fn start(
        recipe: &Recipe,
        spawner: &Spawner,
        ip: Ipv4Addr,
        dir: &Path,
    ) -> Result<Self, StageError> {
        let missing = StageError::Missing { program: recipe.programs[0], package: recipe.package };
        let program = recipe.programs.iter().find_map(|name| on_path(name)).ok_or(missing)?;
        let port = free_port(ip, recipe.port).ok_or(StageError::NoAddress("backend"))?;
        let address = SocketAddr::from((ip, port));
        let log = dir.join("log");
        let what = format!("start {}", recipe.name);
        let mut args: Vec<OsString> = recipe.args.iter().map(OsString::from).collect();
        if let Some(flag) = recipe.optional
            && accepts(&program, flag).await
        {
            args.push(flag.into());
        }
        args.push("--config.file=config.yml".into());
        args.push(format!("--web.listen-address={address}").into());
        let process = spawner.spawn(Launch {
            program,
            args,
            env: vec![
                ("HOME".into(), dir.display().to_string()),
                ("PATH".into(), "/usr/bin:/bin".into()),
            ],
            dir: dir.into(),
            log: File::create(&log).map_err(StageError::io(what.clone()))?,
            files: 65_536,
            oom_score: 100,
            nice: 0,
        });
        let process = process.await.map_err(StageError::io(what))?;
        Ok(Self { name: recipe.name, address, process, log, died: None })
    }

    /// Waits until it answers.
    pub(crate) async fn wait_ready(&mut self, within: Duration) -> Result<(), StageError> {
        let end = Instant::now() + within;
        loop {
            if let Some(status) = self.process.poll() {
                return Err(self
                    .error(format!("ended at start ({status}): {}", files::last_line(&self.log))));
            }
            if let Ok((200, _)) =
                http::request("GET", self.address, "/-/ready", Duration::from_secs(1)).await
            {
                return Ok(());
            }
            if Instant::now() >= end {
                return Err(self.error(format!("does not answer within {within:?}")));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Has it read its configuration again.
    pub(crate) async fn reload(&self) -> Result<(), StageError> {
        match http::request("POST", self.address, "/-/reload", RELOAD_TIME_OUT).await {
            Ok((200, _)) => Ok(()),
            Ok((status, body)) => {
                Err(self.error(format!("refuses its configuration ({status}): {}", body.trim())))
            }
            Err(error) => Err(self.error(format!("does not reload: {error}"))),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Notices its death; `true` the first time.
    pub(crate) fn just_died(&mut self) -> bool {
        let Some(status) = self.process.poll().filter(|_| self.died.is_none()) else {
            return false;
        };
        self.died = Some(format!("ended ({status}): {}", files::last_line(&self.log)));
        true
    }

    fn error(&self, reason: String) -> StageError {
        StageError::Backend { backend: self.name, reason, log: self.log.clone() }
    }
}

/// Runs `promtool check rules` on a rule file when promtool is there; `Err` holds what it says.
pub(crate) async fn check_rules(file: &Path) -> Result<(), String> {
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

/// Whether a program knows a flag: it then goes on to print its version.
async fn accepts(program: &Path, flag: &str) -> bool {
    let mut command = tokio::process::Command::new(program);
    command.args([flag, "--version"]).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(RELOAD_TIME_OUT, command.output()).await;
    matches!(output, Ok(Ok(output)) if output.status.success())
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|candidate| candidate.is_file())
}
