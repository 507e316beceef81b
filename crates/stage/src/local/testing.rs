//! Pods and network for unit tests. Each process is the same line of shell, whatever program a
//! manifest names: nothing listens, but everything starts, ends and is counted.

pub(super) mod registry;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::address::LoopbackNetwork;
use super::config::{Config, Shim};
use super::files;
use super::images::Images;
use super::network::{Dns, Network};
use super::pods::{MemoryCharges, Pod, Pods, RemovedPod};
use super::process::Spawner;
use crate::NamespacedName;
use crate::event::Events;
use crate::manifest::Manifests;

/// A process that lives longer than any test.
pub(super) const LIVES: &str = "exec sleep 600";

/// The longest wait for anything; generous, because the machine may be busy.
pub(super) const SOON: Duration = Duration::from_secs(60);

/// What most owners need.
pub(super) struct TestStage {
    pub(super) config: Config,
    pub(super) events: Events,
    pub(super) spawner: Spawner,
    pub(super) pods: Pods,
    pub(super) network: Network,
    /// Removed with the test.
    pub(super) dir: tempfile::TempDir,
}

impl TestStage {
    /// Runs `script` in place of every program.
    pub(super) async fn new(script: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let shell =
            Shim { program: "/bin/sh".into(), args: vec!["-c".into(), script.to_owned().into()] };
        let mut config = Config::new(dir.path()).unwrap();
        config.program_dirs = vec![PathBuf::from("/bin")];
        config.monitoring = false;
        config.stress = shell.clone();
        for folder in ["pods", "logs", "prometheus/targets", "alertmanager"] {
            files::empty_dir(&dir.path().join(folder)).unwrap();
        }
        let events = Events::default();
        let spawner = Spawner::start(shell).unwrap();
        let claim = LoopbackNetwork::claim().unwrap();
        let address = std::net::SocketAddrV4::new(claim.dns(), 0);
        let dns = Dns::start(address, None).await.unwrap();
        let (addresses, nameserver) = (claim.pods(), dns.address());
        let find = |host: &str, _: &str| host.parse().ok();
        let images = Images::new(dir.path().join("images"), find);
        let pods =
            Pods::new(&config, addresses, nameserver, spawner.clone(), images, events.clone());
        let network = Network::new(&config, claim, dns, 16);
        Self { config, events, spawner, pods, network, dir }
    }

    /// Applies what the manifests say of pods and Services: pods are created, and start with the
    /// next turn.
    pub(super) async fn apply(&mut self, yaml: &str) {
        let manifests = Manifests::parse("test.yaml", yaml).unwrap();
        self.pods.check(&manifests).unwrap();
        self.pods.apply(&manifests);
        self.pods.reconcile();
        for service in manifests.services {
            self.network.apply(service.object).await.unwrap();
        }
    }

    /// One turn of the pods, with nobody else's memory charged to them.
    pub(super) async fn tick(&mut self) -> Vec<RemovedPod> {
        self.pods.tick(Instant::now(), &mut Nobody).await
    }

    /// Turns until `wanted` holds.
    pub(super) async fn tick_until(&mut self, what: &str, wanted: impl Fn(&Pods) -> bool) {
        let end = Instant::now() + SOON;
        while !wanted(&self.pods) {
            assert!(Instant::now() < end, "never seen: {what}");
            tokio::time::sleep(Duration::from_millis(5)).await;
            self.tick().await;
        }
    }

    /// The name of a pod, by its place.
    pub(super) fn pod(&self, index: usize) -> NamespacedName {
        self.pods.iter().nth(index).map(Pod::name).cloned().unwrap()
    }

    /// The reasons of all events so far.
    pub(super) fn reasons(&self) -> Vec<String> {
        self.events.recent().into_iter().map(|event| event.reason).collect()
    }
}

/// Nothing is charged to anybody.
struct Nobody;

impl MemoryCharges for Nobody {
    fn charged(&self, _: &NamespacedName, _: usize) -> u64 {
        0
    }

    fn kill_instead(&mut self, _: &NamespacedName, _: usize, _: u64, _: u64) -> Option<i32> {
        None
    }
}

/// A Deployment `web` in namespace `demo`; `container` is added to its container.
pub(super) fn web(replicas: u32, container: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: demo}}\n\
         spec:\n  replicas: {replicas}\n  selector: {{matchLabels: {{app: web}}}}\n  template:\n    \
         metadata: {{labels: {{app: web}}}}\n    spec:\n      containers: [{{name: web, command: [sh], \
         ports: [{{name: http, containerPort: 8000}}], {container}}}]\n"
    )
}

/// Two Services before them, one of which is headless.
pub(super) const SERVICES: &str = "---\napiVersion: v1\nkind: Service\n\
    metadata: {name: web, namespace: demo, labels: {app: web}}\n\
    spec: {selector: {app: web}, ports: [{name: http, port: 8000}]}\n---\napiVersion: v1\nkind: Service\n\
    metadata: {name: each, namespace: demo}\nspec: {selector: {app: web}, clusterIP: None}\n";
