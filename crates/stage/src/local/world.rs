//! All that a local stage holds, owned by one task: it takes commands, reaps children, probes,
//! watches memory and moves workloads towards what is wanted. One owner means no locks, and no pid
//! is signalled after it was reaped.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chaos::fault::{HttpFault, NetworkFault, StressFault};
use tokio::signal::unix::Signal;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::MissedTickBehavior;

use super::address::{Network, Pool};
use super::backends::Watched;
use super::config::Config;
use super::dns::{Dns, DnsRule};
use super::monitoring::Backend;
use super::pod::{Key, Pod};
use super::process::Spawner;
use super::proxy::Proxy;
use super::traffic::Traffic;
use crate::StageError;
use crate::event::Events;
use crate::manifest::{Deployment, Job, Labels, Manifests, Service};
use crate::snapshot::Snapshot;

/// How often due starts, probes, kills and roll-outs are looked for.
const TICK: Duration = Duration::from_millis(50);
/// How often memory limits are enforced.
const MEMORY_EVERY: Duration = Duration::from_millis(250);
/// How often logs are kept from filling the disk.
const LOGS_EVERY: Duration = Duration::from_secs(10);

pub(crate) type Reply<T> = oneshot::Sender<Result<T, StageError>>;

/// What the outside may ask for.
pub(crate) enum Command {
    Apply(Box<Manifests>, Reply<Vec<String>>),
    Delete(Box<Manifests>, Reply<()>),
    SetEnv(Key, BTreeMap<String, String>, Reply<()>),
    SetProgram(Key, Vec<String>, Reply<()>),
    Scale(Key, u32, Reply<()>),
    KillPod(Key, Duration, Reply<()>),
    KillContainer(Key, Option<String>, Reply<()>),
    FailPod(Key, bool, Reply<()>),
    DnsFault(Key, Option<DnsRule>, Reply<()>),
    StressFault(Key, String, Option<String>, Option<(StressFault, Instant)>, Reply<Vec<String>>),
    HttpFault(Key, String, Option<(Box<HttpFault>, Instant)>, Reply<()>),
    NetworkFault(Key, String, Option<(NetworkFault, Instant)>, Reply<()>),
    Down(Reply<()>),
}

/// The outcome of one probe attempt.
pub(crate) struct ProbeResult {
    pub(crate) pod: Key,
    pub(crate) container: usize,
    pub(crate) life: u32,
    pub(crate) liveness: bool,
    pub(crate) outcome: Result<(), String>,
}

/// A Service and what serves it.
pub(crate) struct ServiceRuntime {
    pub(crate) object: Service,
    /// None when headless.
    pub(crate) ip: Option<Ipv4Addr>,
    /// By port.
    pub(crate) proxies: BTreeMap<u16, Proxy>,
}

/// All that a local stage holds.
pub(crate) struct World {
    pub(crate) config: Config,
    pub(crate) network: Network,
    pub(crate) pod_addresses: Pool,
    pub(crate) service_addresses: Pool,
    pub(crate) spawner: Spawner,
    pub(crate) events: Events,
    pub(crate) snapshots: watch::Sender<Arc<Snapshot>>,
    pub(crate) dns: Dns,
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) pods: BTreeMap<Key, Pod>,
    pub(crate) deployments: BTreeMap<Key, Deployment>,
    pub(crate) jobs: BTreeMap<Key, Job>,
    /// Jobs that are over: complete, or given up.
    pub(crate) outcomes: BTreeMap<Key, bool>,
    pub(crate) services: BTreeMap<Key, ServiceRuntime>,
    pub(crate) config_maps: BTreeMap<String, Labels>,
    pub(crate) watched: Watched,
    pub(crate) not_applied: Vec<String>,
    pub(crate) prometheus: Option<Backend>,
    pub(crate) alertmanager: Option<Backend>,
    pub(crate) inbox: SocketAddr,
    pub(crate) inbox_task: JoinHandle<()>,
    pub(crate) prober: SocketAddr,
    pub(crate) prober_task: JoinHandle<()>,
    pub(crate) probes: JoinSet<ProbeResult>,
    /// Content of the target files as last written.
    pub(crate) targets: BTreeMap<String, String>,
    /// Something that others can see has changed.
    pub(crate) dirty: bool,
    /// The lock on the state folder.
    pub(crate) _lock: std::fs::File,
}

impl World {
    /// Runs until `Down`, or until nobody can send commands any more: then everything is killed at
    /// once.
    pub(crate) async fn run(
        mut self,
        mut commands: mpsc::Receiver<Command>,
        mut child_ended: Signal,
    ) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut memory_due, mut logs_due) = (Instant::now(), Instant::now());
        loop {
            tokio::select! {
                command = commands.recv() => match command {
                    Some(Command::Down(reply)) => {
                        self.shut_down().await;
                        drop(self);
                        let _ = reply.send(Ok(()));
                        return;
                    }
                    Some(command) => self.obey(command).await,
                    None => return,
                },
                Some(result) = self.probes.join_next() => {
                    // A probe task does not panic; if one is cancelled there is nothing to learn
                    // from it.
                    if let Ok(result) = result {
                        self.probe_result(result);
                    }
                    continue;
                }
                _ = child_ended.recv() => {}
                _ = tick.tick() => {}
            }
            let now = Instant::now();
            self.reap(now);
            self.keep_deadlines(now).await;
            self.keep_stress(now).await;
            if now >= memory_due {
                self.enforce_memory();
                memory_due = now + MEMORY_EVERY;
            }
            if now >= logs_due {
                self.bound_logs();
                logs_due = now + LOGS_EVERY;
            }
            self.reconcile();
            self.start_due(now).await;
            self.start_probes(now);
            self.publish();
        }
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Apply(manifests, reply) => {
                let result = self.apply(*manifests).await;
                self.answer(reply, result).await;
            }
            Command::Delete(manifests, reply) => {
                let result = self.delete(&manifests).await;
                self.answer(reply, result).await;
            }
            Command::SetEnv(key, env, reply) => {
                let result = self.set_env(&key, &env);
                self.answer(reply, result).await;
            }
            Command::SetProgram(key, command, reply) => {
                let result = self.set_command(&key, command);
                self.answer(reply, result).await;
            }
            Command::Scale(key, replicas, reply) => {
                let result = self.deployment(&key).map(|d| d.spec.replicas = replicas);
                self.answer(reply, result).await;
            }
            Command::KillPod(key, grace, reply) => {
                let result = self.kill_pod(&key, grace);
                self.answer(reply, result).await;
            }
            Command::KillContainer(key, container, reply) => {
                let result = self.kill_container(&key, container.as_deref());
                self.answer(reply, result).await;
            }
            Command::FailPod(key, down, reply) => {
                let result = self.fail_pod(&key, down);
                self.answer(reply, result).await;
            }
            Command::DnsFault(key, rule, reply) => {
                let result = self.dns_fault(&key, rule).await;
                self.answer(reply, result).await;
            }
            Command::StressFault(key, id, container, fault, reply) => {
                let result = self.stress_fault(&key, &id, container.as_deref(), fault).await;
                self.answer(reply, result).await;
            }
            Command::HttpFault(key, id, fault, reply) => {
                let fault = fault.map(|(fault, until)| (*fault, until));
                let result = self.http_fault(&key, &id, fault);
                self.answer(reply, result).await;
            }
            Command::NetworkFault(key, id, fault, reply) => {
                let result = self.network_fault(&key, &id, fault);
                self.answer(reply, result).await;
            }
            Command::Down(_) => {}
        }
    }

    /// Answers only when what was asked shows in the snapshot, so that nobody reads an older one
    /// after it.
    async fn answer<T>(&mut self, reply: Reply<T>, result: Result<T, StageError>) {
        self.dirty = true;
        self.reconcile();
        self.publish();
        let _ = reply.send(result);
    }

    pub(crate) fn deployment(&mut self, key: &Key) -> Result<&mut Deployment, StageError> {
        self.deployments.get_mut(key).ok_or_else(|| not_found("Deployment", key))
    }

    pub(crate) fn pod(&mut self, key: &Key) -> Result<&mut Pod, StageError> {
        let pod = self.pods.get_mut(key).filter(|pod| pod.terminating.is_none());
        pod.ok_or_else(|| not_found("Pod", key))
    }

    pub(crate) fn dir(&self, name: &str) -> PathBuf {
        self.config.state_dir.join(name)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.inbox_task.abort();
        self.prober_task.abort();
    }
}

pub(crate) fn not_found(kind: &'static str, (namespace, name): &Key) -> StageError {
    StageError::NotFound { kind, name: format!("{namespace}/{name}") }
}
