//! Puts faults on the traffic of a pod and takes them off.

use std::net::Ipv4Addr;
use std::time::Instant;

use chaos::fault::{HttpFault, NetworkFault, Peer};

use super::destination::Destination;
use super::rule::{Bandwidth, Rule};
use crate::StageError;
use crate::local::http_faults;
use crate::local::pod::Key;
use crate::local::world::World;

impl World {
    /// Breaks HTTP messages of new connections, or mends them: then also on connections that are
    /// open.
    pub(crate) fn http_fault(
        &mut self,
        key: &Key,
        id: &str,
        fault: Option<(HttpFault, Instant)>,
    ) -> Result<(), StageError> {
        let (ip, object) = self.pod(key).map(|pod| (pod.ip, pod.object()))?;
        if let Some((fault, _)) = &fault {
            http_faults::check(fault).map_err(|why| StageError::Fault {
                reason: why.to_string(),
                remedy: "`tale chaos apply --dry-run` shows what is injected",
            })?;
        }
        let what = fault.as_ref().map(|(fault, _)| format!("port {}", fault.port));
        self.traffic.http.set(ip, id, fault);
        match what {
            Some(what) => self.events.normal("HttpFault", object, format!("{id}: {what}")),
            None => self.events.normal("HttpRecovered", object, id),
        }
        Ok(())
    }

    /// Shapes what leaves the pod, or lets it pass again.
    pub(crate) fn network_fault(
        &mut self,
        key: &Key,
        id: &str,
        fault: Option<(NetworkFault, Instant)>,
    ) -> Result<(), StageError> {
        let (ip, object) = self.pod(key).map(|pod| (pod.ip, pod.object()))?;
        let rule = match fault {
            Some((fault, until)) => Some((self.rule(&fault)?, until)),
            None => None,
        };
        let reason = if rule.is_some() { "NetworkFault" } else { "NetworkRecovered" };
        self.traffic.network.set(ip, id, rule);
        self.events.normal(reason, object, id);
        Ok(())
    }

    /// Forgets the faults whose time is over; they have had no effect since.
    pub(crate) fn end_lapsed_traffic_faults(&mut self, now: Instant) {
        let traffic = self.traffic.clone();
        let http = traffic.http.lapsed(now);
        let network = traffic.network.lapsed(now);
        for (pod, id) in &http {
            traffic.http.set(*pod, id, None);
            self.lapsed("HttpRecovered", *pod, id);
        }
        for (pod, id) in &network {
            traffic.network.set(*pod, id, None);
            self.lapsed("NetworkRecovered", *pod, id);
        }
    }

    fn lapsed(&mut self, reason: &'static str, ip: Ipv4Addr, id: &str) {
        self.dirty = true;
        if let Some(pod) = self.pods.values().find(|pod| pod.ip == ip) {
            self.events.normal(reason, pod.object(), format!("{id}: its time is over"));
        }
    }

    fn rule(&self, fault: &NetworkFault) -> Result<Rule, StageError> {
        let towards = fault.towards.as_ref().map(|peers| {
            let found = peers.iter().map(|peer| self.destinations(peer));
            let found: Result<Vec<_>, _> = found.collect();
            found.map(|found| found.concat())
        });
        Ok(Rule {
            towards: towards.transpose()?,
            delay: fault.delay,
            loss: fault.loss_percent,
            bandwidth: fault.bytes_per_second.map(Bandwidth::new),
            // What never arrives is a partition, whatever it is called.
            partition: fault.partition || fault.loss_percent >= 100.0,
        })
    }

    /// A peer that is gone has no address any more, so nothing is for it.
    fn destinations(&self, peer: &Peer) -> Result<Vec<Destination>, StageError> {
        match peer {
            Peer::Pod(target) => {
                let key = (target.namespace.clone(), target.pod.clone());
                let pod = self.pods.get(&key).filter(|pod| pod.uid == target.uid);
                Ok(pod.map(|pod| Destination::host(pod.ip)).into_iter().collect())
            }
            Peer::External(text) => Destination::parse(text, |name| self.dns.look_up(name))
                .ok_or_else(|| StageError::Fault {
                    reason: format!(
                        "`{text}` is no address, CIDR block or name that cluster DNS knows"
                    ),
                    remedy: "correct externalTargets",
                }),
        }
    }
}
