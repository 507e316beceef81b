//! Brings a local stage up, in the order in which things need each other.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;
use std::sync::Arc;

use ::chaos::engine::Engine;
use rustix::process::{Resource, Rlimit};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};

use super::address::{LoopbackNetwork, free_port};
use super::chaos::{self, Faults};
use super::config::Config;
use super::files;
use super::handle::TaskHandle;
use super::images::Images;
use super::monitoring::Monitoring;
use super::network::{Dns, Network, Zone, look_up};
use super::pods::Pods;
use super::ports::Ports;
use super::process::Spawner;
use super::task::StageTask;
use crate::event::Events;
use crate::inbox::Inbox;
use crate::{Place, Snapshot, StageError, StageKind};

/// Where cluster DNS likes to listen; below the ephemeral range.
const DNS_PORT: u16 = 15_353;
/// Commands waiting for the stage's task.
const COMMANDS: usize = 256;
/// File descriptors kept for everything but proxied connections, which take two each.
const OTHER_FILES: u64 = 1_000;
/// What a stage wants: connections enough for the tale in which nobody hangs up.
const CONNECTIONS: u64 = 10_000;

/// What a stage consists of once it is up.
pub(super) struct Started {
    pub(super) task: TaskHandle,
    pub(super) engine: Engine,
    pub(super) inbox: Inbox,
    pub(super) place: Place,
}

pub(super) async fn start(mut config: Config) -> Result<Started, StageError> {
    // Children run in their own folders, so their files must be named from the root.
    config.state_dir =
        std::path::absolute(&config.state_dir).map_err(StageError::io("find the state folder"))?;
    let lock = lock(&config.state_dir)?;
    for dir in ["pods", "logs", "images", "prometheus", "alertmanager", "prometheus/targets"] {
        files::empty_dir(&config.state_dir.join(dir))?;
    }
    let events = Events::default();
    let connections = connections(&events);
    let claim = LoopbackNetwork::claim()?;
    let port = free_port(claim.dns(), DNS_PORT).ok_or(StageError::NoAddress("DNS server"))?;
    let dns = SocketAddrV4::new(claim.dns(), port);
    let dns = Dns::start(dns, config.upstream_dns).await?;
    let (nameserver, zone) = (dns.address(), dns.zone());
    let child_ended =
        signal(SignalKind::child()).map_err(StageError::io("watch for children that end"))?;
    let spawner =
        Spawner::start(config.shim.clone()).map_err(StageError::io("start the spawning thread"))?;
    let monitoring =
        Monitoring::start(&config, &claim, zone.clone(), &spawner, events.clone()).await?;
    let inbox = monitoring.inbox().clone();
    let place = Place {
        kind: StageKind::Local,
        clock: config.clock,
        prometheus: monitoring.prometheus_url(),
        alertmanager: monitoring.alertmanager_url(),
        dns: Some(nameserver.into()),
    };
    let ports = Ports::default();
    let images = images(&config, &ports, zone);
    let pods =
        Pods::new(&config, claim.pods(), nameserver, spawner.clone(), images, events.clone());
    let (snapshots, seen) = watch::channel(Arc::new(Snapshot::default()));
    let (commands, asked) = mpsc::channel(COMMANDS);
    let mut stage = StageTask {
        pods,
        network: Network::new(&config, claim, dns, connections),
        monitoring,
        faults: Faults::new(config.stress, spawner, ports.clone(), events.clone()),
        ports: ports.clone(),
        not_applied: Vec::new(),
        down_time_out: config.down_time_out,
        events,
        snapshots,
        _lock: lock,
    };
    stage.publish();
    tokio::spawn(stage.run(asked, child_ended));
    let task = TaskHandle::new(commands, seen, ports);
    let journal = config.state_dir.join("chaos.journal");
    let engine = chaos::start_engine(task.downgrade(), &journal, config.seed).await?;
    Ok(Started { task, engine, inbox, place })
}

/// Registries are found as a pod would find them, as far as they are on this stage.
fn images(config: &Config, ports: &Ports, zone: Zone) -> Images {
    let ports = ports.clone();
    Images::new(config.state_dir.join("images"), move |host, namespace| {
        if let Ok(ip) = host.parse::<Ipv4Addr>() {
            return ip.is_loopback().then_some(ip);
        }
        let name = ports.service(host, namespace)?;
        look_up(&zone, &name).first().copied()
    })
}

/// How many connections may be proxied at once.
fn connections(events: &Events) -> usize {
    let files = raise_file_limit();
    let connections = usize::try_from(files.saturating_sub(OTHER_FILES) / 2)
        .unwrap_or(usize::MAX)
        .clamp(64, 100_000);
    if (connections as u64) < CONNECTIONS {
        let text = format!(
            "at most {connections} connections through Services at once: raise `ulimit -Hn`"
        );
        events.warning("FewFiles", "stage", text);
    }
    connections
}

/// One stage per state folder. The kernel gives the lock up however the process ends.
fn lock(dir: &Path) -> Result<File, StageError> {
    let what = || format!("use the state folder {}", dir.display());
    files::no_links(dir)?;
    std::fs::create_dir_all(dir).map_err(StageError::io(what()))?;
    let file = File::create(dir.join("lock")).map_err(StageError::io(what()))?;
    file.try_lock().map_err(|_| StageError::StateInUse(dir.into()))?;
    Ok(file)
}

/// The stage proxies many connections at once. Returns the limit. Only the privileged may go beyond
/// the hard limit.
fn raise_file_limit() -> u64 {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    let wanted = OTHER_FILES + 2 * CONNECTIONS;
    if limit.maximum.is_some_and(|most| most < wanted) {
        let more = Rlimit { current: Some(wanted), maximum: Some(wanted) };
        let _ = rustix::process::setrlimit(Resource::Nofile, more);
    }
    let limit = rustix::process::getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let _ = rustix::process::setrlimit(Resource::Nofile, raised);
    rustix::process::getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
