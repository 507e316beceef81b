//! Tells everybody else what has changed: Services, name service, Prometheus' targets, and the
//! snapshot.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use super::files;
use super::monitoring::{self, Backend, TargetPods};
use super::pod::Pod;
use super::template::template_hash;
use super::world::{ServiceRuntime, World};
use crate::StageError;
use crate::manifest::{Deployment, IntOrString, Service, ServicePort, includes};
use crate::snapshot::{BackendStatus, DeploymentStatus, PodStatus, ServiceStatus, Snapshot};

impl World {
    /// Publishes, if anything changed since the last time.
    pub(crate) fn publish(&mut self) {
        if !std::mem::take(&mut self.dirty) {
            return;
        }
        let mut names: HashMap<String, Vec<Ipv4Addr>> =
            self.config.demo_names.clone().into_iter().collect();
        let mut services = Vec::new();
        for service in self.services.values() {
            let ready = self.ready_behind(&service.object);
            for port in &service.object.spec.ports {
                if let Some(proxy) = service.proxies.get(&port.port) {
                    proxy.set(ready.iter().filter_map(|pod| endpoint(pod, port)).collect());
                }
            }
            let status = service_status(service, &ready);
            let addresses = service.ip.map_or_else(|| status.ready.clone(), |ip| vec![ip]);
            names.insert(
                format!("{}.{}.svc.cluster.local", status.name, status.namespace).to_lowercase(),
                addresses,
            );
            services.push(status);
        }
        self.dns.set_zone(names);
        self.traffic.set_pods(self.processes());
        if let Err(error) = self.write_targets() {
            self.events.warning("Failed", "prometheus", error.to_string());
        }
        let snapshot = self.snapshot(services);
        self.snapshots.send_replace(Arc::new(snapshot));
    }

    /// Rewrites the target files whose content changed. Pods that are not ready are scraped too, as
    /// in Kubernetes.
    pub(crate) fn write_targets(&mut self) -> Result<(), StageError> {
        let living = self.pods.values().filter(|pod| pod.terminating.is_none() && !pod.finished());
        let pods: Vec<TargetPods<'_>> = living
            .map(|pod| TargetPods {
                name: &pod.name,
                namespace: &pod.namespace,
                ip: pod.ip,
                labels: &pod.labels,
                spec: &pod.spec,
            })
            .collect();
        let services: Vec<&Service> = self.services.values().map(|s| &s.object).collect();
        let groups = self
            .watched
            .monitors
            .values()
            .flat_map(|monitor| monitoring::target_groups(monitor, &services, &pods));
        let changed: Vec<(String, String)> = groups
            .map(|(file, content)| (file, content.to_string()))
            .filter(|(file, content)| self.targets.get(file) != Some(content))
            .collect();
        for (file, content) in changed {
            files::replace(
                &self.dir("prometheus").join("targets").join(&file),
                content.as_bytes(),
            )?;
            self.targets.insert(file, content);
        }
        Ok(())
    }

    /// The process of each container, and its pod's address.
    fn processes(&self) -> Vec<(i32, Ipv4Addr)> {
        let of_pod = |pod: &Pod| {
            let ip = pod.ip;
            let processes = pod.containers.iter().filter_map(|c| c.process.as_ref());
            processes.map(move |process| (process.pid(), ip)).collect::<Vec<_>>()
        };
        self.pods.values().flat_map(of_pod).collect()
    }

    fn ready_behind(&self, service: &Service) -> Vec<&Pod> {
        let behind = |pod: &&Pod| {
            pod.ready()
                && pod.namespace == service.metadata.namespace
                && includes(&pod.labels, &service.spec.selector)
        };
        self.pods.values().filter(behind).collect()
    }

    fn snapshot(&self, services: Vec<ServiceStatus>) -> Snapshot {
        let backends = [&self.prometheus, &self.alertmanager].into_iter().flatten();
        Snapshot {
            network: self.network.name(),
            pods: self.pods.values().map(|pod| self.pod_status(pod)).collect(),
            deployments: self.deployments.values().map(|d| self.deployment_status(d)).collect(),
            jobs: self.jobs.values().map(|job| self.job_status(job)).collect(),
            services,
            backends: backends.map(Backend::status).collect(),
            not_applied: self.not_applied.clone(),
        }
    }

    fn pod_status(&self, pod: &Pod) -> PodStatus {
        let mut status = pod.status();
        status.faults.extend(self.traffic.names(pod.ip));
        status
    }

    fn deployment_status(&self, deployment: &Deployment) -> DeploymentStatus {
        let hash = template_hash(&deployment.spec.template);
        let (name, namespace) = (&deployment.metadata.name, &deployment.metadata.namespace);
        let owner = format!("Deployment/{name}");
        let mine = self.pods.values().filter(|p| p.owner == owner && p.namespace == *namespace);
        let living: Vec<(bool, bool)> =
            mine.filter(|p| p.terminating.is_none()).map(|p| (p.hash == hash, p.ready())).collect();
        let count =
            |test: fn(&(bool, bool)) -> bool| living.iter().filter(|pod| test(pod)).count() as u32;
        DeploymentStatus {
            name: name.clone(),
            namespace: namespace.clone(),
            replicas: deployment.spec.replicas,
            updated: count(|(current, _)| *current),
            ready: count(|(_, ready)| *ready),
            updated_ready: count(|(current, ready)| *current && *ready),
            total: living.len() as u32,
        }
    }
}

fn service_status(service: &ServiceRuntime, ready: &[&Pod]) -> ServiceStatus {
    ServiceStatus {
        name: service.object.metadata.name.clone(),
        namespace: service.object.metadata.namespace.clone(),
        ip: service.ip,
        ports: service.object.spec.ports.iter().map(|p| p.port).collect(),
        ready: ready.iter().map(|pod| pod.ip).collect(),
    }
}

/// Where a Service's port leads on one pod.
fn endpoint(pod: &Pod, port: &ServicePort) -> Option<SocketAddr> {
    let target = port.target_port.clone().unwrap_or(IntOrString::Int(port.port.into()));
    let number = pod.spec.containers.iter().find_map(|c| c.port(&target))?;
    Some(SocketAddr::from((pod.ip, number)))
}

impl Backend {
    fn status(&self) -> BackendStatus {
        BackendStatus { name: self.name, url: self.url(), died: self.died.clone() }
    }
}
