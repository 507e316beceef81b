//! Brings a local stage up, in the order in which things need each other.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rustix::process::{Resource, Rlimit};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;

use super::LocalStage;
use super::address::{Network, free_port};
use super::backends::Watched;
use super::config::Config;
use super::dns::Dns;
use super::files;
use super::monitoring::{self, ALERTMANAGER, Backend, Inbox, PROMETHEUS};
use super::process::Spawner;
use super::world::World;
use crate::event::Events;
use crate::{Snapshot, StageError};

/// Where cluster DNS likes to listen; below the ephemeral range.
const DNS_PORT: u16 = 15_353;
/// Commands waiting for the stage's task.
const COMMANDS: usize = 256;
/// File descriptors kept for everything but proxied connections, which take two each.
const OTHER_FILES: u64 = 1_000;
/// What a stage wants: connections enough for the tale in which nobody hangs up.
const CONNECTIONS: u64 = 10_000;

pub(super) async fn start(mut config: Config) -> Result<LocalStage, StageError> {
    // Children run in their own folders, so their files must be named from the root.
    config.state_dir =
        std::path::absolute(&config.state_dir).map_err(StageError::io("find the state folder"))?;
    let lock = lock(&config.state_dir)?;
    for dir in ["pods", "logs", "prometheus", "alertmanager", "prometheus/targets"] {
        files::empty_dir(&config.state_dir.join(dir))?;
    }
    let files = raise_file_limit();
    let network = Network::claim()?;
    let port = free_port(network.dns(), DNS_PORT).ok_or(StageError::NoAddress("DNS server"))?;
    let dns = Dns::start(network.dns(), port, config.upstream_dns).await?;
    let inbox = Inbox::start(network.inbox()).await.map_err(StageError::io("open the inbox"));
    let (inbox, inbox_address, inbox_task) = inbox?;
    let prober = monitoring::start_prober(network.prober(), dns.zone.clone()).await;
    let (prober, prober_task) = prober.map_err(StageError::io("open the prober"))?;
    let events = Events::new();
    let (snapshots, seen) = watch::channel(Arc::new(Snapshot::default()));
    let connections = usize::try_from(files.saturating_sub(OTHER_FILES) / 2)
        .unwrap_or(usize::MAX)
        .clamp(64, 100_000);
    if (connections as u64) < CONNECTIONS {
        let text = format!(
            "at most {connections} connections through Services at once: raise `ulimit -Hn`"
        );
        events.warning("FewFiles", "stage", text);
    }
    let mut world = World {
        spawner: Spawner::start(config.shim.clone())
            .map_err(StageError::io("start the spawning thread"))?,
        pod_addresses: network.pods(),
        service_addresses: network.services(),
        network,
        events: events.clone(),
        snapshots,
        dns,
        slots: Arc::new(Semaphore::new(connections)),
        traffic: Arc::default(),
        pods: BTreeMap::new(),
        deployments: BTreeMap::new(),
        jobs: BTreeMap::new(),
        outcomes: BTreeMap::new(),
        services: BTreeMap::new(),
        config_maps: BTreeMap::new(),
        watched: Watched::default(),
        not_applied: Vec::new(),
        prometheus: None,
        alertmanager: None,
        inbox: inbox_address,
        inbox_task,
        prober,
        prober_task,
        probes: JoinSet::new(),
        targets: BTreeMap::new(),
        dirty: true,
        _lock: lock,
        config,
    };
    let child_ended =
        signal(SignalKind::child()).map_err(StageError::io("watch for children that end"))?;
    if world.config.monitoring {
        start_backends(&mut world).await?;
    }
    world.publish();
    let (commands, orders) = mpsc::channel(COMMANDS);
    let url = |backend: &Option<Backend>| backend.as_ref().map(Backend::url);
    let stage = LocalStage {
        commands,
        snapshots: seen,
        events,
        inbox,
        dns: SocketAddr::from((world.dns.address, world.dns.port)),
        prometheus: url(&world.prometheus),
        alertmanager: url(&world.alertmanager),
    };
    tokio::spawn(world.run(orders, child_ended));
    Ok(stage)
}

/// Both come up side by side; Prometheus' configuration needs Alertmanager's address, so that one
/// is started first.
async fn start_backends(world: &mut World) -> Result<(), StageError> {
    let within = world.config.backend_time_out;
    world.write_backend_files()?;
    let dir = world.dir("alertmanager");
    let mut alertmanager =
        Backend::start(&ALERTMANAGER, &world.spawner, world.network.alertmanager(), &dir).await?;
    world.alertmanager = None;
    let address = alertmanager.address;
    let dir = world.dir("prometheus");
    let config = monitoring::prometheus_config(
        world.config.clock,
        Some(address),
        world.prober,
        &Watched::default(),
    );
    files::replace(&dir.join("config.yml"), config.to_string().as_bytes())?;
    let mut prometheus =
        Backend::start(&PROMETHEUS, &world.spawner, world.network.prometheus(), &dir).await?;
    tokio::try_join!(alertmanager.wait_ready(within), prometheus.wait_ready(within))?;
    world.alertmanager = Some(alertmanager);
    world.prometheus = Some(prometheus);
    Ok(())
}

/// One stage per state folder. The kernel gives the lock up however the process ends.
fn lock(dir: &Path) -> Result<File, StageError> {
    let what = || format!("use the state folder {}", dir.display());
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
