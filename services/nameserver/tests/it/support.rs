//! Nameservers in this process, on free ports, and a client that hides nothing.

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use authority::desk::Desk;
use authority::metrics::Metrics;
use authority::published::Published;
use domain::base::iana::Rcode;
use domain::base::{Message, MessageBuilder, Name, Rtype};
use instrument::Env;
use instrument::dns::{Resolver, resolver_config};
use nameserver::node::Node;
use nameserver::primary::Primary;
use nameserver::secondary::Secondary;
use nameserver::settings::Role;
use prometheus::Registry;
use tokio::task::JoinSet;

pub(crate) const KEY: &str = "tale:hmac-sha256:c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0";

/// A nameserver; it stops when dropped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) published: Arc<Published>,
    pub(crate) desk: Arc<Desk>,
    pub(crate) role: Role,
    pub(crate) registry: Registry,
    tasks: JoinSet<()>,
}

/// Starts one with these settings, on a free port and with the key.
pub(crate) fn start(settings: &[(&str, &str)]) -> Running {
    let running = prepared(settings);
    running.unwrap_or_else(|why| panic!("{why}"))
}

pub(crate) fn prepared(settings: &[(&str, &str)]) -> Result<Running, instrument::StartError> {
    // `Env::of` takes an array; what is empty counts as unset, and the last of a name counts.
    let mut all = [("", ""); 24];
    let first = [("DNS_PORT", "0"), ("TSIG_KEYS", KEY), ("DNS_WORKERS", "1")];
    for (place, setting) in all.iter_mut().zip(first.iter().chain(settings)) {
        *place = *setting;
    }
    let (env, registry) = (Env::of(all), Registry::new());
    let metrics = Metrics::register(&registry)?;
    let resolver = Resolver::new(resolver_config(&env)?, &registry)?;
    let node = Node::new(&env, metrics, resolver)?;
    let mut running = Running {
        address: node.address,
        published: node.published.clone(),
        desk: node.desk.clone(),
        role: node.role.clone(),
        registry,
        tasks: JoinSet::new(),
    };
    running.tasks.spawn(node.run());
    Ok(running)
}

impl Running {
    pub(crate) fn primary(&self) -> &Primary {
        self.role.primary().expect("a primary")
    }

    pub(crate) fn secondary(&self) -> &Secondary {
        self.role.secondary().expect("a secondary")
    }

    pub(crate) fn serial(&self) -> Option<u32> {
        Some(self.published.zone()?.serial())
    }

    /// Waits until it serves this version.
    pub(crate) async fn serves(&self, serial: u32) {
        let mut changes = self.published.changes();
        let seen = changes.wait_for(|now| *now == Some(serial));
        let seen = tokio::time::timeout(testkit::wait::SOON, seen).await;
        assert!(seen.is_ok(), "never served: {serial}, but {:?}", self.serial());
    }

    /// Waits until it serves something; what.
    pub(crate) async fn serves_something(&self) -> u32 {
        let mut changes = self.published.changes();
        let seen = tokio::time::timeout(testkit::wait::SOON, changes.wait_for(Option::is_some));
        seen.await.expect("never serves").unwrap().unwrap()
    }

    /// A counter or a gauge; its labels as `name=value`.
    pub(crate) fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        let families = self.registry.gather();
        let family = families.iter().find(|family| family.name() == name).unwrap();
        let fits = |metric: &&prometheus::proto::Metric| {
            let has = |label: &&str| {
                let (key, value) = label.split_once('=').unwrap();
                metric.get_label().iter().any(|one| one.name() == key && one.value() == value)
            };
            labels.iter().all(has)
        };
        let metrics = family.get_metric().iter().filter(fits);
        metrics.map(|one| one.get_gauge().get_value() + one.get_counter().get_value()).sum()
    }

    /// One question over UDP.
    pub(crate) fn ask(&self, name: &str, rtype: Rtype) -> Message<Vec<u8>> {
        self.exchange(&question(name, rtype, Some((1232, true)))).expect("an answer")
    }

    /// One packet; what comes back within two seconds.
    pub(crate) fn exchange(&self, packet: &[u8]) -> Option<Message<Vec<u8>>> {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        socket.send_to(packet, self.address).unwrap();
        let mut buffer = [0; 65_535];
        let (length, _) = socket.recv_from(&mut buffer).ok()?;
        Some(Message::from_octets(buffer[..length].to_vec()).unwrap())
    }
}

/// A question; `edns`: the size that the client takes, and whether it wants signatures.
pub(crate) fn question(name: &str, rtype: Rtype, edns: Option<(u16, bool)>) -> Vec<u8> {
    let mut builder = MessageBuilder::new_vec();
    builder.header_mut().set_id(4711);
    let mut question = builder.question();
    question.push((Name::vec_from_str(name).unwrap(), rtype)).unwrap();
    let mut additional = question.additional();
    if let Some((size, dnssec)) = edns {
        let opt = additional.opt(|opt| {
            opt.set_udp_payload_size(size);
            opt.set_dnssec_ok(dnssec);
            Ok(())
        });
        opt.unwrap();
    }
    additional.finish()
}

pub(crate) fn rcode(message: &Message<Vec<u8>>) -> Rcode {
    message.header().rcode()
}

/// The types in each section, in order.
pub(crate) fn types(message: &Message<Vec<u8>>) -> [Vec<Rtype>; 3] {
    let (_, answer, authority, additional) = message.sections().unwrap();
    [answer, authority, additional]
        .map(|section| section.map(|record| record.unwrap().rtype()).collect())
}

/// A zone of that many names besides those of the built-in one.
pub(crate) fn large_zone(names: usize) -> String {
    let names = (0..names).map(|number| format!("n{number} A 192.0.2.{}\n", number % 250 + 1));
    format!("{}{}", authority::zone::default_zone(), names.collect::<String>())
}

/// A port that is free for UDP and TCP.
pub(crate) fn free_port() -> u16 {
    loop {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = tcp.local_addr().unwrap().port();
        if UdpSocket::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
