//! Faults on what a pod asks and sends: its name lookups, its HTTP messages, its packets.

use std::net::Ipv4Addr;
use std::time::Instant;

use chaos::fault::{DnsFault, HttpFault, NetworkFault, Peer};

use super::Faults;
use crate::local::network::{Destination, Network, NetworkRule, check_http_fault};
use crate::local::pods::{Pod, Pods};
use crate::{NamespacedName, StageError};

impl Faults {
    /// Sends the pod's lookups to a resolver of its own that breaks some, or back to cluster DNS.
    pub(super) async fn set_dns(
        &mut self,
        pod: &NamespacedName,
        fault: Option<(DnsFault, Instant)>,
        pods: &mut Pods,
        network: &mut Network,
    ) -> Result<(), StageError> {
        let until = fault.as_ref().map(|(_, until)| *until);
        let ip = pods.get(pod).map(Pod::ip).ok_or_else(|| StageError::not_found("Pod", pod))?;
        // The resolver is there before the file points to it, and stays after the file points away.
        let resolver = network.set_dns_fault(ip, fault).await?;
        let nameserver = pods.set_nameserver(pod, until.map(|_| resolver))?;
        let reason = match until {
            Some(until) => {
                self.dns.insert(pod.clone(), until);
                "DnsFault"
            }
            None => {
                self.dns.remove(pod);
                "DnsRecovered"
            }
        };
        let object = format!("Pod/{}", pod.name);
        self.events.normal(reason, object, format!("resolv.conf names {nameserver}"));
        self.changed = true;
        Ok(())
    }

    /// Breaks HTTP messages of new connections to the pod, or mends them.
    pub(super) fn set_http(
        &self,
        pod: &Pod,
        id: &str,
        fault: Option<(HttpFault, Instant)>,
        network: &mut Network,
    ) -> Result<(), StageError> {
        if let Some((fault, _)) = &fault {
            check_http_fault(fault).map_err(|why| StageError::Fault {
                reason: why.to_string(),
                remedy: "`tale chaos apply --dry-run` shows what is injected",
            })?;
            self.events.normal("HttpFault", pod.object(), format!("{id}: port {}", fault.port));
        } else {
            self.events.normal("HttpRecovered", pod.object(), id);
        }
        let moved = |fault: HttpFault| HttpFault { port: self.ports.moved(fault.port), ..fault };
        let fault = fault.map(|(fault, until)| (moved(fault), until));
        network.set_http_fault(pod.ip(), id, fault);
        Ok(())
    }

    /// Shapes what leaves the pod, or lets it pass again.
    pub(super) fn set_network(
        &self,
        pod: &Pod,
        id: &str,
        fault: Option<(NetworkFault, Instant)>,
        pods: &Pods,
        network: &mut Network,
    ) -> Result<(), StageError> {
        let (reason, rule) = match fault {
            Some((fault, until)) => {
                let towards = fault.towards.as_ref().map(|peers| towards(peers, pods, network));
                let rule = NetworkRule::new(&fault, towards.transpose()?);
                ("NetworkFault", Some((rule, until)))
            }
            None => ("NetworkRecovered", None),
        };
        network.set_network_fault(pod.ip(), id, rule);
        self.events.normal(reason, pod.object(), id);
        Ok(())
    }

    /// Forgets the faults whose time is over; they have had no effect since.
    pub(super) fn end_lapsed_traffic_faults(
        &self,
        now: Instant,
        pods: &Pods,
        network: &mut Network,
    ) {
        for (ip, id) in network.lapsed_http_faults(now) {
            network.set_http_fault(ip, &id, None);
            self.report_lapsed("HttpRecovered", ip, &id, pods);
        }
        for (ip, id) in network.lapsed_network_faults(now) {
            network.set_network_fault(ip, &id, None);
            self.report_lapsed("NetworkRecovered", ip, &id, pods);
        }
    }

    fn report_lapsed(&self, reason: &str, ip: Ipv4Addr, id: &str, pods: &Pods) {
        if let Some(pod) = pods.iter().find(|pod| pod.ip() == ip) {
            self.events.normal(reason, pod.object(), format!("{id}: its time is over"));
        }
    }
}

/// Where the peers are.
fn towards(peers: &[Peer], pods: &Pods, network: &Network) -> Result<Vec<Destination>, StageError> {
    let found = peers.iter().map(|peer| destinations(peer, pods, network));
    let found: Result<Vec<_>, _> = found.collect();
    found.map(|found| found.concat())
}

/// A peer that is gone has no address any more, so nothing is for it.
fn destinations(
    peer: &Peer,
    pods: &Pods,
    network: &Network,
) -> Result<Vec<Destination>, StageError> {
    match peer {
        Peer::Pod(target) => {
            let same = |pod: &&Pod| {
                pod.uid() == target.uid
                    && *pod.name() == NamespacedName::new(&target.namespace, &target.pod)
            };
            Ok(pods.iter().find(same).map(|pod| Destination::host(pod.ip())).into_iter().collect())
        }
        Peer::External(text) => {
            let found = Destination::parse(text, |name| network.look_up(name));
            found.ok_or_else(|| StageError::Fault {
                reason: format!(
                    "`{text}` is not an address, a CIDR block or a name that cluster DNS knows"
                ),
                remedy: "correct externalTargets",
            })
        }
    }
}
