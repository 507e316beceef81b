//! What a caller may choose about a local stage.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use slo::Clock;

/// What a caller may choose. [`Config::new`] fills in all but the state folder.
#[derive(Debug, Clone)]
pub struct Config {
    /// Logs, configuration, `resolv.conf` files and Prometheus' data. Emptied of an earlier stage's
    /// files at start.
    pub state_dir: PathBuf,
    /// How fast time passes.
    pub clock: Clock,
    /// Seed of the random choices of chaos.
    pub seed: u64,
    /// How the stage starts its children.
    pub shim: Shim,
    /// How the stage starts stress workers: the hidden subcommand calls [`crate::stress::exec`].
    pub stress: Shim,
    /// Where pods' programs are looked for.
    pub program_dirs: Vec<PathBuf>,
    /// Names outside the cluster and the addresses they get; documentation addresses, so that no
    /// internet is needed.
    pub demo_names: BTreeMap<String, Vec<Ipv4Addr>>,
    /// Where all other names are asked; NXDOMAIN when none.
    pub upstream_dns: Option<SocketAddr>,
    /// Whether Prometheus and Alertmanager are started.
    pub monitoring: bool,
    /// The longest wait for Prometheus and Alertmanager to come up.
    pub backend_time_out: Duration,
    /// The longest wait for pods to end by themselves in `down`.
    pub down_time_out: Duration,
}

/// The stage's own program and a hidden subcommand of it.
#[derive(Debug, Clone)]
pub struct Shim {
    /// The program.
    pub program: PathBuf,
    /// The hidden subcommand.
    pub args: Vec<OsString>,
}

impl Config {
    /// Defaults: stage clock, this program with the hidden subcommands `pod-shim` and
    /// `stress-worker`, programs beside it.
    ///
    /// # Errors
    /// When the running program's own path is unknown.
    pub fn new(state_dir: impl Into<PathBuf>) -> std::io::Result<Self> {
        let program = std::env::current_exe()?;
        let beside = program.parent().map(PathBuf::from);
        Ok(Self {
            state_dir: state_dir.into(),
            clock: Clock::default(),
            seed: rand::random(),
            stress: Shim { program: program.clone(), args: vec!["stress-worker".into()] },
            shim: Shim { program, args: vec!["pod-shim".into()] },
            program_dirs: beside.into_iter().collect(),
            demo_names: demo_names(),
            upstream_dns: None,
            monitoring: true,
            backend_time_out: Duration::from_secs(30),
            down_time_out: Duration::from_secs(5),
        })
    }
}

/// The names that the tales look up, with addresses reserved for documentation (RFC 5737).
fn demo_names() -> BTreeMap<String, Vec<Ipv4Addr>> {
    let hosts = [
        "o11y.love",
        "o11y.engineering",
        "cncf.io",
        "gitlab.com",
        "kubernetes.io",
        "chaos-mesh.org",
    ];
    let named = hosts.iter().zip(10u8..).flat_map(|(host, last)| {
        let address = vec![Ipv4Addr::new(192, 0, 2, last)];
        [(host.to_string(), address.clone()), (format!("www.{host}"), address)]
    });
    named.collect()
}
