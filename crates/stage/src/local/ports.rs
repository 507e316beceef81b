//! Ports that somebody else on this machine holds on all addresses, such as a program on
//! 0.0.0.0:8000: pods and Services of this stage listen on others in their place.
//!
//! Manifests are changed when they are applied, before any part of the stage sees them: ports of
//! containers and Services, probes, what is scraped, and URLs of Services in variables and
//! arguments. A program learns its port from `ROCKET_PORT`, `ADMIN_PORT`, or another variable that
//! ends in `_PORT` and says it already.

mod urls;

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::holder::port_holder;
use crate::StageError;
use crate::event::Events;
use crate::manifest::{
    Container, EnvVar, IntOrString, Manifests, PodSpec, Probe, Protocol, Service,
};
use urls::in_urls;

/// The reason of the event that says which ports were moved, and for whom.
pub const PORTS_MOVED: &str = "PortsMoved";

/// Where a port is moved to, at first; then the next free one.
const AWAY: u16 = 10_000;
/// Below the ephemeral range, so that no outgoing connection can hold it.
const LAST: u16 = 32_000;
/// Where the services of this project listen when nobody says where.
const DEFAULTS: [(&str, u16); 2] = [("ROCKET_PORT", 8000), ("ADMIN_PORT", 9000)];

/// Which ports were moved, and where to. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ports(Arc<Mutex<Moved>>);

#[derive(Debug, Default)]
struct Moved {
    /// Every port that was looked at, with where it is.
    ports: BTreeMap<u16, u16>,
    /// The Services there are, by namespace and name: only their URLs are touched.
    services: BTreeSet<(String, String)>,
}

impl Ports {
    /// Where this port is.
    pub(crate) fn moved(&self, port: u16) -> u16 {
        self.lock().ports.get(&port).copied().unwrap_or(port)
    }

    /// Moves what cannot stay, in all that is applied. `here` is an address of this stage that
    /// nobody uses.
    pub(crate) fn move_all(
        &self,
        manifests: &mut Manifests,
        here: Ipv4Addr,
        events: &Events,
    ) -> Result<(), StageError> {
        let mut moved = self.lock();
        for service in &manifests.services {
            let name = &service.object.metadata;
            moved.services.insert((name.namespace.clone(), name.name.clone()));
        }
        for port in wanted(manifests) {
            if moved.ports.contains_key(&port) {
                continue;
            }
            let to = free(port, here, &moved.ports).ok_or(StageError::NoAddress("port"))?;
            moved.ports.insert(port, to);
            if to != port {
                let by = port_holder(port).unwrap_or_else(|| "another program".to_owned());
                let text =
                    format!("{by} holds port {port} of this machine; the stage uses {to} instead");
                events.normal(PORTS_MOVED, "stage", text);
            }
        }
        if moved.ports.iter().any(|(from, to)| from != to) {
            moved.change(manifests);
        }
        Ok(())
    }

    /// The same for variables that are set later.
    pub(crate) fn move_in_env(&self, namespace: &str, env: &mut BTreeMap<String, String>) {
        let moved = self.lock();
        for (name, value) in env {
            *value = moved.value(name, value, namespace);
        }
    }

    /// The same for a URL of a Service, as somebody outside of all namespaces writes it.
    pub(crate) fn move_in_url(&self, url: &str) -> String {
        let moved = self.lock();
        moved.text(url, "default")
    }

    /// The full name of the Service that a host is, as a pod of this namespace calls it; none if it
    /// is none.
    pub(crate) fn service(&self, host: &str, namespace: &str) -> Option<String> {
        let (name, namespace) = self.lock().service_of(host, namespace)?;
        Some(format!("{name}.{namespace}.svc.cluster.local"))
    }

    fn lock(&self) -> MutexGuard<'_, Moved> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Moved {
    fn at(&self, port: u16) -> u16 {
        self.ports.get(&port).copied().unwrap_or(port)
    }

    fn change(&self, manifests: &mut Manifests) {
        for deployment in &mut manifests.deployments {
            let namespace = deployment.object.metadata.namespace.clone();
            self.pod(&mut deployment.object.spec.template.spec, &namespace);
        }
        for job in &mut manifests.jobs {
            let namespace = job.object.metadata.namespace.clone();
            self.pod(&mut job.object.spec.template.spec, &namespace);
        }
        for service in &mut manifests.services {
            self.service(&mut service.object);
        }
        for monitor in &mut manifests.service_monitors {
            for endpoint in &mut monitor.object.spec.endpoints {
                endpoint.target_port.iter_mut().for_each(|port| self.number(port));
            }
        }
        for probe in &mut manifests.probes {
            let namespace = probe.object.metadata.namespace.clone();
            for url in &mut probe.object.spec.targets.static_config.urls {
                *url = self.text(url, &namespace);
            }
        }
        for map in &mut manifests.config_maps {
            let namespace = map.object.metadata.namespace.clone();
            for value in map.object.data.values_mut() {
                *value = self.text(value, &namespace);
            }
        }
    }

    fn pod(&self, pod: &mut PodSpec, namespace: &str) {
        pod.containers.iter_mut().for_each(|container| self.container(container, namespace));
    }

    fn container(&self, container: &mut Container, namespace: &str) {
        let own: BTreeSet<u16> = container.ports.iter().map(|port| port.container_port).collect();
        let image = container.image.as_deref().and_then(|image| self.image(image, namespace));
        container.image = image.or(container.image.take());
        for variable in &mut container.env {
            if let Some(value) = &mut variable.value {
                let says = |port: &u16| own.contains(port) && names_a_port(&variable.name);
                *value = match value.parse().ok().filter(says) {
                    Some(port) => self.at(port).to_string(),
                    None => self.text(value, namespace),
                };
            }
        }
        for (name, port) in DEFAULTS {
            let said = container.env.iter().any(|variable| variable.name == name);
            if own.contains(&port) && self.at(port) != port && !said {
                let value = Some(self.at(port).to_string());
                container.env.push(EnvVar { name: name.to_owned(), value, value_from: None });
            }
        }
        for word in container.command.iter_mut().skip(1).chain(&mut container.args) {
            *word = self.text(word, namespace);
        }
        for port in container.ports.iter_mut().filter(|port| port.protocol == Protocol::Tcp) {
            port.container_port = self.at(port.container_port);
        }
        for probe in [&mut container.readiness_probe, &mut container.liveness_probe] {
            probe.iter_mut().for_each(|probe| self.probe(probe));
        }
    }

    fn probe(&self, probe: &mut Probe) {
        probe.http_get.iter_mut().for_each(|get| self.number(&mut get.port));
        probe.tcp_socket.iter_mut().for_each(|socket| self.number(&mut socket.port));
    }

    fn service(&self, service: &mut Service) {
        for port in service.spec.ports.iter_mut().filter(|port| port.protocol == Protocol::Tcp) {
            port.target_port.iter_mut().for_each(|target| self.number(target));
            port.port = self.at(port.port);
        }
    }

    fn number(&self, port: &mut IntOrString) {
        if let IntOrString::Int(number) = port {
            let moved = u16::try_from(*number).ok().map(|port| u64::from(self.at(port)));
            *number = moved.unwrap_or(*number);
        }
    }

    fn value(&self, name: &str, value: &str, namespace: &str) -> String {
        match value.parse().ok().filter(|_| names_a_port(name)) {
            Some(port) => self.at(port).to_string(),
            None => self.text(value, namespace),
        }
    }

    /// A text with the ports of URLs of Services moved.
    fn text(&self, text: &str, namespace: &str) -> String {
        let moved = |host: &str, port: u16| {
            let to = self.at(port);
            (to != port && self.is_service(host, namespace)).then_some(to)
        };
        in_urls(text, moved)
    }

    fn is_service(&self, host: &str, namespace: &str) -> bool {
        self.service_of(host, namespace).is_some()
    }

    /// Name and namespace of the Service that a host is, as a pod of this namespace calls it.
    fn service_of(&self, host: &str, namespace: &str) -> Option<(String, String)> {
        let host = host.trim_end_matches('.').to_lowercase();
        let short = host.strip_suffix(".cluster.local").unwrap_or(&host);
        let short = short.strip_suffix(".svc").unwrap_or(short);
        let (name, namespace) = short.split_once('.').unwrap_or((short, namespace));
        let known = self.services.contains(&(namespace.to_owned(), name.to_owned()));
        known.then(|| (name.to_owned(), namespace.to_owned()))
    }

    /// An image with the port of its registry moved.
    fn image(&self, image: &str, namespace: &str) -> Option<String> {
        let (registry, rest) = image.split_once('/')?;
        let (host, port) = registry.split_once(':')?;
        let port = self.at(port.parse().ok()?);
        self.is_service(host, namespace).then(|| format!("{host}:{port}/{rest}"))
    }
}

fn names_a_port(variable: &str) -> bool {
    variable == "PORT" || variable.ends_with("_PORT")
}

/// The ports that these manifests want to listen on.
fn wanted(manifests: &Manifests) -> BTreeSet<u16> {
    let pods = manifests.deployments.iter().map(|one| &one.object.spec.template.spec);
    let pods = pods.chain(manifests.jobs.iter().map(|one| &one.object.spec.template.spec));
    let containers = pods.flat_map(|pod| &pod.containers).flat_map(|container| &container.ports);
    let containers = containers.filter(|port| port.protocol == Protocol::Tcp);
    let services = manifests.services.iter().flat_map(|one| &one.object.spec.ports);
    let services = services.filter(|port| port.protocol == Protocol::Tcp);
    containers.map(|port| port.container_port).chain(services.map(|port| port.port)).collect()
}

/// The port itself, or one in its place that is free.
fn free(port: u16, here: Ipv4Addr, taken: &BTreeMap<u16, u16>) -> Option<u16> {
    if !held(port, here) {
        return Some(port);
    }
    let first = port.checked_add(AWAY).filter(|first| *first < LAST).unwrap_or(AWAY + port % AWAY);
    let free = |to: &u16| !taken.values().any(|other| other == to) && !held(*to, here);
    (first..LAST).find(free)
}

/// Whether somebody holds it on all addresses, and so on this one.
fn held(port: u16, here: Ipv4Addr) -> bool {
    matches!(TcpListener::bind((here, port)), Err(why) if why.kind() == ErrorKind::AddrInUse)
}

#[cfg(test)]
mod tests;
