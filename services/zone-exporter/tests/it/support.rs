//! Nameservers in this process, and one probe of them.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use authority::published::Published;
use instrument::Env;
use instrument::dns::{Resolver, resolver_config};
use nameserver::node::Node;
use nameserver::primary::Primary;
use nameserver::secondary::Secondary;
use nameserver::settings::Role;
use prometheus::Registry;
use tokio::task::JoinSet;
use zone_exporter::finding::Finding;
use zone_exporter::probe::Prober;
use zone_exporter::shown::Findings;
use zone_exporter::target::Target;

/// A nameserver; it stops when dropped.
pub(crate) struct Running {
    pub(crate) address: String,
    pub(crate) published: Arc<Published>,
    role: Role,
    _tasks: JoinSet<()>,
}

pub(crate) fn start(settings: &[(&str, &str)]) -> Running {
    let mut all = [("", ""); 16];
    let first = [("DNS_PORT", "0"), ("TSIG_KEYS", "tale:hmac-sha256:c2VjcmV0c2VjcmV0")];
    for (place, setting) in all.iter_mut().zip(first.iter().chain(settings)) {
        *place = *setting;
    }
    let (env, registry) = (Env::of(all), Registry::new());
    let metrics = authority::metrics::Metrics::register(&registry).unwrap();
    let resolver = Resolver::new(resolver_config(&env).unwrap(), &registry).unwrap();
    let node = Node::new(&env, metrics, resolver).unwrap();
    let (address, published, role) =
        (node.address.to_string(), node.published.clone(), node.role.clone());
    let mut tasks = JoinSet::new();
    tasks.spawn(node.run());
    Running { address, published, role, _tasks: tasks }
}

impl Running {
    pub(crate) fn primary(&self) -> &Primary {
        self.role.primary().expect("a primary")
    }

    pub(crate) fn secondary(&self) -> &Secondary {
        self.role.secondary().expect("a secondary")
    }

    pub(crate) async fn serves(&self, wanted: impl Fn(u32) -> bool) -> u32 {
        let mut changes = self.published.changes();
        let seen = changes.wait_for(|now| now.is_some_and(&wanted));
        let seen = tokio::time::timeout(testkit::wait::SOON, seen).await;
        seen.expect("never served").unwrap().unwrap()
    }
}

/// A series by its name and labels, without the zone: `zone_serial{server="..."}`.
pub(crate) type Series = BTreeMap<String, f64>;

/// One probe of these servers for `tale.example`, as it is found.
pub(crate) async fn findings(servers: &[&str]) -> Vec<Finding> {
    let registry = Registry::new();
    let env = Env::of([("RESOLV_CONF", "/nonexistent/resolv.conf")]);
    let resolver = Resolver::new(resolver_config(&env).unwrap(), &registry).unwrap();
    let prober = Prober { resolver, patience: Duration::from_millis(500) };
    let targets = Target::all("tale.example", &servers.join(",")).unwrap();
    prober.round(&targets).await
}

/// The same as it is shown.
pub(crate) async fn probe(servers: &[&str]) -> Series {
    let findings = Arc::new(RwLock::new(findings(servers).await));
    let registry = Registry::new();
    registry.register(Box::new(Findings::new(findings).unwrap())).unwrap();
    let mut series = Series::new();
    for family in registry.gather() {
        for metric in family.get_metric() {
            let labels = metric.get_label().iter().filter(|label| label.name() != "zone");
            let labels: Vec<_> =
                labels.map(|label| format!("{}={}", label.name(), label.value())).collect();
            let name = format!("{} {}", family.name(), labels.join(" "));
            series.insert(name.trim().to_owned(), metric.get_gauge().get_value());
        }
    }
    series
}
