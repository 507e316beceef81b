//! The processes of the real Prometheus and Alertmanager: found, started, reloaded. One that dies
//! is never restarted, because a gap in the measurements means that nothing can be judged.

use std::ffi::OsString;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::StageError;
use crate::local::address::free_port;
use crate::local::process::{Launch, Process, Spawner};
use crate::local::{files, http};
use crate::snapshot::BackendStatus;

/// Time for one reload, or for one short run of a program.
pub(super) const RELOAD_TIME_OUT: Duration = Duration::from_secs(10);

/// Prometheus or Alertmanager.
pub(super) struct Backend {
    name: &'static str,
    address: SocketAddr,
    process: Process,
    log: PathBuf,
    /// How it ended, if it did.
    died: Option<String>,
}

/// What differs between the two.
pub(super) struct BackendSpec {
    pub(super) name: &'static str,
    /// Program names, the best first.
    pub(super) programs: &'static [&'static str],
    pub(super) package: &'static str,
    pub(super) port: u16,
    pub(super) args: &'static [&'static str],
    /// A flag that not every version has.
    pub(super) optional: Option<&'static str>,
}

pub(super) const PROMETHEUS: BackendSpec = BackendSpec {
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

pub(super) const ALERTMANAGER: BackendSpec = BackendSpec {
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
    pub(super) async fn start(
        spec: &BackendSpec,
        spawner: &Spawner,
        ip: Ipv4Addr,
        dir: &Path,
    ) -> Result<Self, StageError> {
        let missing = StageError::Missing { program: spec.programs[0], package: spec.package };
        let program = spec.programs.iter().find_map(|name| on_path(name)).ok_or(missing)?;
        let port = free_port(ip, spec.port).ok_or(StageError::NoAddress("backend"))?;
        let address = SocketAddr::from((ip, port));
        let log = dir.join("log");
        let what = format!("start {}", spec.name);
        let mut args: Vec<OsString> = spec.args.iter().map(OsString::from).collect();
        if let Some(flag) = spec.optional
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
        Ok(Self { name: spec.name, address, process, log, died: None })
    }

    /// Waits until it answers.
    pub(super) async fn wait_ready(&mut self, within: Duration) -> Result<(), StageError> {
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
    pub(super) async fn reload(&self) -> Result<(), StageError> {
        match http::request("POST", self.address, "/-/reload", RELOAD_TIME_OUT).await {
            Ok((200, _)) => Ok(()),
            Ok((status, body)) => {
                Err(self.error(format!("refuses its configuration ({status}): {}", body.trim())))
            }
            Err(error) => Err(self.error(format!("does not reload: {error}"))),
        }
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How it died, when it has died since the last call.
    pub(super) fn just_died(&mut self) -> Option<String> {
        let status = self.process.poll().filter(|_| self.died.is_none())?;
        self.died = Some(format!("ended ({status}): {}", files::last_line(&self.log)));
        self.died.clone()
    }

    pub(super) fn status(&self) -> BackendStatus {
        BackendStatus { name: self.name.to_owned(), url: self.url(), died: self.died.clone() }
    }

    fn error(&self, reason: String) -> StageError {
        StageError::Backend { backend: self.name, reason, log: self.log.clone() }
    }
}

/// Whether a program knows a flag: it then goes on to print its version.
async fn accepts(program: &Path, flag: &str) -> bool {
    let mut command = tokio::process::Command::new(program);
    command.args([flag, "--version"]).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(RELOAD_TIME_OUT, command.output()).await;
    matches!(output, Ok(Ok(output)) if output.status.success())
}

pub(super) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|candidate| candidate.is_file())
}
