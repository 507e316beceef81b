//! Services: an address and a proxy per port, which leads to the pods that are ready.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::Network;
use super::datagrams::Datagrams;
use super::proxy::Proxy;
use crate::StageError;
use crate::local::pods::{Pod, Pods};
use crate::manifest::{IntOrString, Protocol, Service, ServicePort, includes};
use crate::snapshot::ServiceStatus;

/// A Service and what serves it.
pub(super) struct ServiceState {
    object: Service,
    /// None when headless.
    ip: Option<Ipv4Addr>,
    /// By port.
    proxies: BTreeMap<u16, Proxy>,
    datagrams: BTreeMap<u16, Datagrams>,
    /// Addresses of the ready pods behind it.
    ready: Vec<Ipv4Addr>,
}

impl Network {
    /// Opens and closes ports as the Service says.
    pub(crate) async fn apply(&mut self, service: Service) -> Result<(), StageError> {
        let name = service.metadata.namespaced_name();
        if self.services.get(&name).is_some_and(|old| old.object == service) {
            return Ok(());
        }
        self.changed = true;
        // A port that stays keeps its proxy: a closed one could not be opened again at once.
        let old = self.services.remove(&name);
        let old = old.map(|old| (old.ip, old.proxies, old.datagrams)).unwrap_or_default();
        let (old_ip, mut old_proxies, mut old_datagrams) = old;
        let ip = match old_ip {
            Some(ip) if service.headless() => {
                self.service_addresses.free(ip);
                None
            }
            None if !service.headless() => Some(self.service_addresses.take()?),
            kept => kept,
        };
        let (mut proxies, mut datagrams) = (BTreeMap::new(), BTreeMap::new());
        if let Some(ip) = ip {
            for ServicePort { port, protocol, .. } in &service.spec.ports {
                if *protocol == Protocol::Udp {
                    let opened = match old_datagrams.remove(port) {
                        Some(open) => open,
                        None => Datagrams::start(ip, *port, self.traffic.clone()).await?,
                    };
                    datagrams.insert(*port, opened);
                    continue;
                }
                let proxy = match old_proxies.remove(port) {
                    Some(proxy) => proxy,
                    None => {
                        let (permits, traffic) = (self.connections.clone(), self.traffic.clone());
                        Proxy::start(ip, *port, permits, traffic).await?
                    }
                };
                proxies.insert(*port, proxy);
            }
        }
        let state = ServiceState { object: service, ip, proxies, datagrams, ready: Vec::new() };
        self.services.insert(name, state);
        Ok(())
    }
}

impl ServiceState {
    pub(super) fn object(&self) -> &Service {
        &self.object
    }

    /// Leads to the pods that are ready now.
    pub(super) fn follow(&mut self, pods: &Pods) {
        let behind = |pod: &&Pod| {
            pod.ready()
                && pod.name().namespace == self.object.metadata.namespace
                && includes(pod.labels(), &self.object.spec.selector)
        };
        let ready: Vec<&Pod> = pods.iter().filter(behind).collect();
        for port in &self.object.spec.ports {
            let endpoints = || ready.iter().filter_map(|pod| endpoint(pod, port)).collect();
            let (proxy, datagrams) = (self.proxies.get(&port.port), self.datagrams.get(&port.port));
            match (port.protocol, proxy, datagrams) {
                (Protocol::Tcp, Some(proxy), _) => proxy.set(endpoints()),
                (Protocol::Udp, _, Some(datagrams)) => datagrams.set(endpoints()),
                _ => {} // headless
            }
        }
        self.ready = ready.iter().map(|pod| pod.ip()).collect();
    }

    /// What its name resolves to: its own address, or those of the ready pods when it is headless.
    pub(super) fn addresses(&self) -> Vec<Ipv4Addr> {
        self.ip.map_or_else(|| self.ready.clone(), |ip| vec![ip])
    }

    pub(super) fn status(&self) -> ServiceStatus {
        ServiceStatus {
            name: self.object.metadata.name.clone(),
            namespace: self.object.metadata.namespace.clone(),
            ip: self.ip.map(IpAddr::V4),
            // One that is served over both protocols is one.
            ports: BTreeSet::from_iter(self.object.spec.ports.iter().map(|p| p.port))
                .into_iter()
                .collect(),
            ready: self.ready.iter().copied().map(IpAddr::V4).collect(),
        }
    }
}

/// Where a Service's port leads on one pod.
fn endpoint(pod: &Pod, port: &ServicePort) -> Option<SocketAddr> {
    let target = port.target_port.clone().unwrap_or(IntOrString::Int(port.port.into()));
    let number = pod.spec().containers.iter().find_map(|c| c.port(&target))?;
    Some(SocketAddr::from((pod.ip(), number)))
}
