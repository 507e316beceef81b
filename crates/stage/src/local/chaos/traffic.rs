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
        network.set_http_fault(pod.ip(), id, fault);
        Ok(())
    }

    /// Shapes what leaves the pod, or lets it pass again. Returns what had to be left out.
    pub(super) fn set_network(
        &self,
        pod: &Pod,
        id: &str,
        fault: Option<(NetworkFault, Instant)>,
        pods: &Pods,
        network: &mut Network,
    ) -> Result<Vec<String>, StageError> {
        let mut cut = Vec::new();
        let (reason, rule) = match fault {
            Some((fault, until)) => {
                let peers = fault.towards.as_ref();
                let towards = peers.map(|peers| towards(peers, pods, network, &mut cut));
                ("NetworkFault", Some((NetworkRule::new(&fault, towards), until)))
            }
            None => ("NetworkRecovered", None),
        };
        network.set_network_fault(pod.ip(), id, rule);
        self.events.normal(reason, pod.object(), id);
        Ok(cut)
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

/// Where the peers are. A name that cluster DNS does not know is elsewhere, and what goes elsewhere
/// does not pass a Service: `cut` says so.
fn towards(
    peers: &[Peer],
    pods: &Pods,
    network: &Network,
    cut: &mut Vec<String>,
) -> Vec<Destination> {
    let mut found = Vec::new();
    for peer in peers {
        match peer {
            // A peer that is gone has no address any more, so nothing is for it.
            Peer::Pod(target) => {
                let same = |pod: &&Pod| {
                    pod.uid() == target.uid
                        && *pod.name() == NamespacedName::new(&target.namespace, &target.pod)
                };
                found.extend(pods.iter().find(same).map(|pod| Destination::host(pod.ip())));
            }
            Peer::External(text) => match Destination::parse(text, |name| network.look_up(name)) {
                Some(destinations) => found.extend(destinations),
                None => {
                    cut.push(format!("nothing towards `{text}`, which cluster DNS does not know"))
                }
            },
        }
    }
    found
}
