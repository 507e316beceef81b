//! The stage's name service: cluster DNS for all pods, and one resolver per pod that is under a DNS
//! fault.

mod answer;
mod server;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use chaos::fault::DnsFault;
use tokio::task::JoinHandle;

use crate::StageError;

/// Names and their addresses, in lower case without the dot at the end.
pub(crate) type Zone = Arc<RwLock<HashMap<String, Vec<Ipv4Addr>>>>;
/// What lookups suffer at one resolver, and until when. It lapses by itself: names are then
/// answered as usual even if nobody recovers it.
type CurrentFault = Arc<RwLock<Option<(DnsFault, Instant)>>>;

/// Cluster DNS. Dropping it ends every resolver.
pub(crate) struct Dns {
    address: SocketAddrV4,
    zone: Zone,
    upstream: Option<SocketAddr>,
    _cluster: Resolver,
    per_pod: HashMap<Ipv4Addr, Resolver>,
}

struct Resolver {
    fault: CurrentFault,
    tasks: [JoinHandle<()>; 2],
}

impl Drop for Resolver {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Dns {
    /// Starts cluster DNS.
    pub(crate) async fn start(
        address: SocketAddrV4,
        upstream: Option<SocketAddr>,
    ) -> Result<Self, StageError> {
        let zone = Zone::default();
        let cluster = resolver(address, &zone, upstream).await?;
        Ok(Self { address, zone, upstream, _cluster: cluster, per_pod: HashMap::new() })
    }

    /// Where cluster DNS answers.
    pub(crate) fn address(&self) -> SocketAddrV4 {
        self.address
    }

    /// All names; shared, so that others see the changes.
    pub(crate) fn zone(&self) -> Zone {
        self.zone.clone()
    }

    /// Puts a fault on the resolver at `ip`, which is opened when it is not there yet. The resolver
    /// stays open until [`Self::close`], so that a lookup which read the old `resolv.conf` still
    /// gets its answer.
    pub(super) async fn set_fault(
        &mut self,
        ip: Ipv4Addr,
        fault: Option<(DnsFault, Instant)>,
    ) -> Result<(), StageError> {
        if let Entry::Vacant(vacant) = self.per_pod.entry(ip) {
            if fault.is_none() {
                return Ok(());
            }
            let address = SocketAddrV4::new(ip, self.address.port());
            vacant.insert(resolver(address, &self.zone, self.upstream).await?);
        }
        let current = &self.per_pod[&ip].fault;
        *current.write().unwrap_or_else(PoisonError::into_inner) = fault;
        Ok(())
    }

    /// Ends the resolver of a pod that is gone.
    pub(super) fn close(&mut self, ip: Ipv4Addr) {
        self.per_pod.remove(&ip);
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
    address: SocketAddrV4,
    zone: &Zone,
    upstream: Option<SocketAddr>,
) -> Result<Resolver, StageError> {
    let fault = CurrentFault::default();
    let sockets =
        server::bind(address).await.map_err(StageError::io(format!("serve DNS on {address}")))?;
    let context = server::Context { zone: zone.clone(), fault: fault.clone(), upstream };
    Ok(Resolver { fault, tasks: server::start(sockets, context) })
}
