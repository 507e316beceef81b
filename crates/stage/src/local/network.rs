//! How pods are reached: Services with a proxy each, and names. Faults on traffic and on names act
//! here too; who sets them is none of its business.
//!
//! [`Network`] owns all of it and looks at the pods after each change. A connection's way: `proxy`
//! (accepted, one ready pod chosen), `traffic` (which faults it meets), then `relay`, or
//! `http_faults` when its messages are to be broken. A datagram's way: `datagrams`. A lookup's way:
//! `dns`.

mod datagrams;
mod dns;
mod http_faults;
mod proxy;
mod relay;
mod services;
mod traffic;
mod validate;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use chaos::fault::{DnsFault, HttpFault};
use tokio::sync::Semaphore;

use super::address::{LoopbackNetwork, Pool, chaos_dns};
use super::config::Config;
use super::pods::{Pod, Pods};
use crate::manifest::{ManifestError, Manifests, Service};
use crate::snapshot::ServiceStatus;
use crate::{NamespacedName, StageError};
use services::ServiceState;
use traffic::Traffic;

pub(crate) use dns::{Dns, Zone, look_up};
pub(crate) use http_faults::check as check_http_fault;
pub(crate) use traffic::{Destination, NetworkRule};

/// Services, names and traffic of a stage.
pub(crate) struct Network {
    /// The claimed network, such as `127.1.0.0/16`.
    claim: LoopbackNetwork,
    service_addresses: Pool,
    /// Names outside the cluster.
    demo_names: BTreeMap<String, Vec<Ipv4Addr>>,
    dns: Dns,
    /// One permit per proxied connection.
    connections: Arc<Semaphore>,
    traffic: Arc<Traffic>,
    services: BTreeMap<NamespacedName, ServiceState>,
    /// Something that others can see has changed.
    changed: bool,
}

impl Network {
    /// `connections` is the most that are proxied at once.
    pub(crate) fn new(
        config: &Config,
        claim: LoopbackNetwork,
        dns: Dns,
        connections: usize,
    ) -> Self {
        Self {
            service_addresses: claim.services(),
            claim,
            demo_names: config.demo_names.clone(),
            dns,
            connections: Arc::new(Semaphore::new(connections)),
            traffic: Arc::default(),
            services: BTreeMap::new(),
            changed: false,
        }
    }

    /// Whether all Services could be applied.
    pub(crate) fn check(manifests: &Manifests) -> Result<(), ManifestError> {
        manifests
            .services
            .iter()
            .try_for_each(|service| validate::service(&service.object, &service.source))
    }

    /// Leads connections and names to the pods as they are now.
    pub(crate) fn follow(&mut self, pods: &Pods) {
        let mut names: HashMap<String, Vec<Ipv4Addr>> =
            self.demo_names.clone().into_iter().collect();
        for (name, service) in &mut self.services {
            service.follow(pods);
            let name = format!("{}.{}.svc.cluster.local", name.name, name.namespace);
            names.insert(name.to_lowercase(), service.addresses());
        }
        self.dns.set_zone(names);
        let processes = |pod: &Pod| pod.pids().map(|pid| (pid, pod.ip())).collect::<Vec<_>>();
        self.traffic.set_pods(pods.iter().flat_map(processes).collect());
    }

    /// Forgets a pod that is gone.
    pub(crate) fn forget(&mut self, pod: Ipv4Addr) {
        self.dns.close(chaos_dns(pod));
        self.traffic.forget(pod);
    }

    /// Breaks lookups at the resolver of this pod's own, or mends them. Returns the address of that
    /// resolver. It is opened by the first fault and stays until the pod goes, so that a lookup
    /// which read the old `resolv.conf` still gets its answer.
    pub(crate) async fn set_dns_fault(
        &mut self,
        pod: Ipv4Addr,
        fault: Option<(DnsFault, Instant)>,
    ) -> Result<Ipv4Addr, StageError> {
        let resolver = chaos_dns(pod);
        self.dns.set_fault(resolver, fault).await?;
        Ok(resolver)
    }

    /// Breaks HTTP messages of new connections to the pod until that moment, or mends them, then
    /// also on connections that are open. The fault must have passed [`check_http_fault`].
    pub(crate) fn set_http_fault(
        &mut self,
        pod: Ipv4Addr,
        id: &str,
        fault: Option<(HttpFault, Instant)>,
    ) {
        self.traffic.http.set(pod, id, fault);
        self.changed = true;
    }

    /// Shapes what leaves the pod until that moment, or lets it pass again.
    pub(crate) fn set_network_fault(
        &mut self,
        pod: Ipv4Addr,
        id: &str,
        rule: Option<(NetworkRule, Instant)>,
    ) {
        self.traffic.network.set(pod, id, rule);
        self.changed = true;
    }

    /// The HTTP faults whose time is over, by pod and experiment. They have no effect any more.
    pub(crate) fn lapsed_http_faults(&self, now: Instant) -> Vec<(Ipv4Addr, String)> {
        self.traffic.http.lapsed(now)
    }

    /// The network faults whose time is over, by pod and experiment.
    pub(crate) fn lapsed_network_faults(&self, now: Instant) -> Vec<(Ipv4Addr, String)> {
        self.traffic.network.lapsed(now)
    }

    /// The faults on a pod's traffic, as `http/ID` and `network/ID`.
    pub(crate) fn fault_names(&self, pod: Ipv4Addr) -> Vec<String> {
        self.traffic.names(pod)
    }

    /// Addresses of a name as a client outside all namespaces would find them.
    pub(crate) fn look_up(&self, name: &str) -> Vec<Ipv4Addr> {
        self.dns.look_up(name)
    }

    /// An address that nobody listens on.
    pub(crate) fn spare(&self) -> Ipv4Addr {
        self.claim.spare()
    }

    /// Such as `127.1.0.0/16`.
    pub(crate) fn name(&self) -> String {
        self.claim.name()
    }

    /// The Services, by namespace and name.
    pub(crate) fn services(&self) -> impl Iterator<Item = &Service> {
        self.services.values().map(ServiceState::object)
    }

    pub(crate) fn status(&self) -> Vec<ServiceStatus> {
        self.services.values().map(ServiceState::status).collect()
    }

    /// Whether something that others can see has changed since the last call.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }
}

/// What a port of a Service that cannot be opened is told as.
fn cannot_listen(address: SocketAddr) -> impl FnOnce(io::Error) -> StageError {
    let remedy = match address.port() {
        ..1024 => "; without root, let the Service have a port from 1024 on",
        _ => "",
    };
    StageError::io(format!("listen on Service address {address}{remedy}"))
}

#[cfg(test)]
mod tests;
