//! What is asked: the SOA record over UDP and TCP, and the signatures over SOA, DNSKEY and NS.
//!
//! *Lesson: one signature is not all of them.* A change renews the signature over the SOA record,
//! also while the signer fails to renew the others. The key's own and those over the zone's
//! servers show it.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use authority::asked::{self, last_expiry};
use domain::base::{Message, Name, Rtype};
use instrument::dns::Resolver;
use rocket::tokio::join;
use rocket::tokio::task::JoinSet;

use crate::client::{Transport, ask};
use crate::finding::{Failure, Finding, Signed};
use crate::target::Target;

/// Asks.
#[derive(Clone)]
pub struct Prober {
    /// How servers' names become addresses.
    pub resolver: Resolver,
    /// How long an answer may take.
    pub patience: Duration,
}

impl Prober {
    /// Asks all servers at once. A name with several addresses is several servers.
    pub async fn round(&self, targets: &[Target]) -> Vec<Finding> {
        let mut running = JoinSet::new();
        for (place, target) in targets.iter().cloned().enumerate() {
            let prober = self.clone();
            running.spawn(async move { (place, prober.target(target).await) });
        }
        let mut found: Vec<_> = running.join_all().await;
        found.sort_by_key(|(place, _)| *place);
        found.into_iter().flat_map(|(_, findings)| findings).collect()
    }

    async fn target(&self, target: Target) -> Vec<Finding> {
        let addresses = match target.host.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => self.resolver.lookup(&target.host).await.unwrap_or_default(),
        };
        let mut findings = Vec::new();
        for address in &addresses {
            let server = SocketAddr::new(*address, target.port);
            let name = match addresses.as_slice() {
                [_] => target.server.clone(),
                _ => format!("{} {address}", target.server),
            };
            findings.push(self.server(&target.zone, name, server).await);
        }
        if addresses.is_empty() {
            let not_found = [Err(Failure::NotFound), Err(Failure::NotFound)];
            findings.push(Finding::nothing(target.zone, target.server, not_found));
        }
        findings
    }

    async fn server(&self, zone: &str, name: String, server: SocketAddr) -> Finding {
        let Ok(apex) = zone.parse::<Name<Vec<u8>>>() else {
            let malformed = [Err(Failure::Malformed), Err(Failure::Malformed)];
            return Finding::nothing(zone.to_owned(), name, malformed);
        };
        let spoofed = AtomicU64::new(0);
        let question =
            |rtype, transport| ask(server, (&apex, rtype), (transport, self.patience), &spoofed);
        let (udp, tcp, keys, servers) = join!(
            question(Rtype::SOA, Transport::Udp),
            question(Rtype::SOA, Transport::Tcp),
            question(Rtype::DNSKEY, Transport::Udp),
            question(Rtype::NS, Transport::Udp),
        );
        let serials =
            [&udp, &tcp].map(|answer| answer.as_ref().map_err(|why| *why).and_then(serial));
        let mut finding = Finding {
            address: Some(server),
            spoofed: spoofed.load(Relaxed),
            ..Finding::nothing(zone.to_owned(), name, serials)
        };
        for (rtype, answer) in
            [(Rtype::SOA, udp.or(tcp)), (Rtype::DNSKEY, keys), (Rtype::NS, servers)]
        {
            let Ok(answer) = answer else { continue };
            let expiry = last_expiry(&answer, rtype);
            if rtype == Rtype::SOA {
                finding.signed = Some(expiry.map_or(Signed::No, |_| Signed::Yes));
            }
            finding.expiries.extend(expiry.map(|expiry| (rtype, expiry)));
        }
        finding
    }
}

impl Finding {
    fn nothing(zone: String, server: String, serials: [Result<u32, Failure>; 2]) -> Self {
        let (expiries, signed, address) = (BTreeMap::new(), None, None);
        Self { zone, server, address, serials, expiries, signed, spoofed: 0, at: now() }
    }
}

fn serial(answer: &Message<Vec<u8>>) -> Result<u32, Failure> {
    asked::serial(answer).map_err(|_| Failure::Malformed)?.ok_or(Failure::NoSoa)
}

fn now() -> u32 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u32::try_from(since.as_secs()).unwrap_or(u32::MAX)
}
