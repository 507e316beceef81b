//! The stage's name service: cluster DNS for all pods, and one resolver per pod that is under a DNS
//! fault.

mod answer;
mod server;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use tokio::task::JoinHandle;

use crate::StageError;

/// Whether a question name is hit: its bytes as asked, case kept, with the dot at the end.
pub type NameMatcher = Arc<dyn Fn(&[u8]) -> bool + Send + Sync>;

/// What a pod's lookups suffer. It lapses by itself: after `until`, names are answered as usual
/// even if nobody recovers it.
#[derive(Clone)]
pub struct DnsRule {
    /// What happens to a matching question.
    pub action: DnsAction,
    /// Which questions are hit.
    pub matches: NameMatcher,
    /// When it lapses.
    pub until: Instant,
}

/// What happens to a question that a [`DnsRule`] hits, whatever its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DnsAction {
    /// SERVFAIL.
    Error,
    /// A random answer. Chaos Mesh draws any address; here it is always one reserved for
    /// documentation, because a drawn address could be a real host that would then be contacted.
    Random,
}

/// Names and their addresses, in lower case without the dot at the end.
pub(crate) type Zone = Arc<RwLock<HashMap<String, Vec<Ipv4Addr>>>>;
type RuleSlot = Arc<RwLock<Option<DnsRule>>>;

/// Cluster DNS. Dropping it ends every resolver.
pub(crate) struct Dns {
    pub(crate) address: Ipv4Addr,
    pub(crate) port: u16,
    pub(crate) zone: Zone,
    upstream: Option<SocketAddr>,
    _cluster: Resolver,
    per_pod: HashMap<Ipv4Addr, Resolver>,
}

struct Resolver {
    rule: RuleSlot,
    tasks: [JoinHandle<()>; 2],
}

impl Drop for Resolver {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Dns {
    pub(crate) async fn start(
        address: Ipv4Addr,
        port: u16,
        upstream: Option<SocketAddr>,
    ) -> Result<Self, StageError> {
        let zone = Zone::default();
        let cluster = resolver(address, port, &zone, upstream).await?;
        Ok(Self { address, port, zone, upstream, _cluster: cluster, per_pod: HashMap::new() })
    }

    /// Puts a rule on the resolver at `address`, which is opened when it is not there yet. The
    /// resolver stays open until [`Self::close`], so that a lookup which read the old `resolv.conf`
    /// still gets its answer.
    pub(crate) async fn set_rule(
        &mut self,
        address: Ipv4Addr,
        rule: Option<DnsRule>,
    ) -> Result<(), StageError> {
        if let std::collections::hash_map::Entry::Vacant(vacant) = self.per_pod.entry(address) {
            if rule.is_none() {
                return Ok(());
            }
            vacant.insert(resolver(address, self.port, &self.zone, self.upstream).await?);
        }
        let slot = &self.per_pod[&address].rule;
        *slot.write().unwrap_or_else(PoisonError::into_inner) = rule;
        Ok(())
    }

    /// Ends the resolver of a pod that is gone.
    pub(crate) fn close(&mut self, address: Ipv4Addr) {
        self.per_pod.remove(&address);
    }

    /// Addresses of a name as a client outside all namespaces would find them: as it is, or below
    /// `svc.cluster.local` or `cluster.local`.
    pub(crate) fn look_up(&self, name: &str) -> Vec<Ipv4Addr> {
        look_up(&self.zone, name)
    }

    /// Replaces all names.
    pub(crate) fn set_zone(&self, names: HashMap<String, Vec<Ipv4Addr>>) {
        *self.zone.write().unwrap_or_else(PoisonError::into_inner) = names;
    }
}

/// See [`Dns::look_up`].
pub(crate) fn look_up(zone: &Zone, name: &str) -> Vec<Ipv4Addr> {
    let zone = zone.read().unwrap_or_else(PoisonError::into_inner);
    let name = name.trim_end_matches('.').to_lowercase();
    let candidates = ["", ".svc.cluster.local", ".cluster.local"];
    let mut found = candidates.iter().filter_map(|suffix| zone.get(&format!("{name}{suffix}")));
    found.next().cloned().unwrap_or_default()
}

async fn resolver(
    address: Ipv4Addr,
    port: u16,
    zone: &Zone,
    upstream: Option<SocketAddr>,
) -> Result<Resolver, StageError> {
    let rule = RuleSlot::default();
    let sockets = server::bind(address, port)
        .await
        .map_err(StageError::io(format!("serve DNS on {address}:{port}")))?;
    let context = server::Context { zone: zone.clone(), rule: rule.clone(), upstream };
    Ok(Resolver { rule, tasks: server::start(sockets, context) })
}
