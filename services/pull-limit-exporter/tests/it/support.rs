//! Registries, and probes of them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use instrument::dns::{Resolver, resolver_config};
use instrument::{Env, Service};
use prometheus::Registry;
use pull_limit_exporter::client::Client;
use pull_limit_exporter::probe::Prober;
use pull_limit_exporter::shown::{Findings, Names};
use pull_limit_exporter::target::Target;
use rocket::fairing::AdHoc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// A registry of ours in this process; it stops when dropped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) registry: Registry,
    _tasks: JoinSet<()>,
}

impl Running {
    /// With these settings, and an image that is there already.
    pub(crate) async fn start(settings: [(&str, &str); 4]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = registry::store::Store::open(Some(folder.path().to_owned()), 0).unwrap();
        let repositories = registry::repositories::Repositories::new(store);
        let bytes = b"{\"schemaVersion\": 2}".to_vec();
        let parsed = oci::manifest::Manifest::parse(oci::manifest::IMAGE, &bytes).unwrap();
        let media_type = oci::manifest::IMAGE.to_owned();
        let digest = oci::Digest::of(&bytes);
        let stored = registry::repositories::Stored { digest, media_type, bytes };
        let [name, tag] = ["shop", "v1"];
        let tag = tag.parse().unwrap();
        repositories.add_manifest(&name.parse().unwrap(), Some(&tag), &stored, &parsed).unwrap();

        let [a, b, c, d] = settings;
        let path = folder.path().to_str().unwrap();
        let env = Env::of([("REGISTRY_DIR", path), a, b, c, d]);
        let mut service = Service::new("registry", env).unwrap();
        let rocket = registry::build(&mut service).unwrap();
        let figment = rocket.figment().clone().merge(("port", 0));
        let (started, address) = oneshot::channel();
        let started = Mutex::new(Some(started));
        let ready = AdHoc::on_liftoff("ready", move |rocket| {
            let address = SocketAddr::new(rocket.config().address, rocket.config().port);
            let _ = started.lock().unwrap().take().unwrap().send(address);
            Box::pin(async {})
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let _folder = folder;
            rocket.configure(figment).attach(ready).launch().await.unwrap();
        });
        let registry = service.registry.clone();
        Self { address: address.await.unwrap(), registry, _tasks: tasks }
    }

    /// A counter of it, summed over its other labels.
    pub(crate) fn counted(&self, name: &str, value: &str) -> f64 {
        let families = self.registry.gather();
        let family = families.iter().find(|family| family.name() == name).unwrap();
        let has = |metric: &&prometheus::proto::Metric| {
            value.is_empty() || metric.get_label().iter().any(|label| label.value() == value)
        };
        family.get_metric().iter().filter(has).map(|one| one.get_counter().get_value()).sum()
    }
}

pub(crate) fn prober(trusted: Option<&Path>) -> Prober {
    let registry = Registry::new();
    let env = Env::of([("RESOLV_CONF", "/nonexistent/resolv.conf")]);
    let resolver = Resolver::new(resolver_config(&env).unwrap(), &registry).unwrap();
    Prober::new(Client::new(resolver, Duration::from_secs(5), trusted).unwrap())
}

/// A series by its name and labels, without the registry.
pub(crate) type Series = BTreeMap<String, f64>;

/// One probe of these targets.
pub(crate) async fn probe(prober: &Prober, targets: &str, names: Names) -> Series {
    let targets = Target::all(targets).unwrap();
    let findings = Arc::new(RwLock::new(prober.round(&targets).await));
    let registry = Registry::new();
    registry.register(Box::new(Findings::new(findings, names).unwrap())).unwrap();
    let mut series = Series::new();
    for family in registry.gather() {
        for metric in family.get_metric() {
            let labels = metric.get_label().iter().filter(|label| label.name() != "registry");
            let labels: Vec<_> =
                labels.map(|label| format!("{}={}", label.name(), label.value())).collect();
            let key = format!("{} {}", family.name(), labels.join(" "));
            series.insert(key, metric.get_gauge().get_value());
        }
    }
    series
}

/// The one state that is shown.
pub(crate) fn state(series: &Series) -> Vec<&str> {
    let states = series
        .iter()
        .filter(|(key, value)| key.starts_with("pull_counts_state ") && **value == 1.0);
    states.map(|(key, _)| key.rsplit_once('=').unwrap().1).collect()
}

/// A server that answers each request with what a script makes of its head; what it was asked.
pub(crate) struct Scripted {
    pub(crate) address: SocketAddr,
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl Scripted {
    pub(crate) async fn start(script: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, mut tasks) = (asked.clone(), JoinSet::new());
        tasks.spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => head.push(byte),
                        Err(_) => break,
                    }
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                seen.lock().unwrap().push(head.clone());
                let _ = stream.write_all(script(&head).as_bytes()).await;
            }
        });
        Self { address, asked, _tasks: tasks }
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}
