//! `kubectl apply` and `kubectl delete`: everything is checked before anything is changed.

use std::collections::BTreeMap;

use super::pod::Key;
use super::proxy::Proxy;
use super::reconcile::grace;
use super::validate;
use super::world::{ServiceRuntime, World};
use crate::StageError;
use crate::manifest::{Job, ManifestError, Manifests, Metadata, Service, ServicePort, Sourced};

impl World {
    /// Returns what does not apply on this stage.
    pub(crate) async fn apply(&mut self, manifests: Manifests) -> Result<Vec<String>, StageError> {
        validate::all(&manifests, &self.config.program_dirs, &self.config_maps)?;
        self.check_rules(&manifests).await?;
        self.check_jobs(&manifests)?;
        let mut watched = self.watched.clone();
        watched.monitors.extend(keyed(manifests.service_monitors, |m| &m.metadata));
        watched.probes.extend(keyed(manifests.probes, |p| &p.metadata));
        watched.rules.extend(keyed(manifests.prometheus_rules, |r| &r.metadata));
        watched.alerting.extend(keyed(manifests.alertmanager_configs, |a| &a.metadata));
        self.watch(watched).await?;
        let maps =
            manifests.config_maps.into_iter().map(|m| (m.object.metadata.key(), m.object.data));
        self.config_maps.extend(maps);
        for service in manifests.services {
            self.apply_service(service.object).await?;
        }
        self.deployments.extend(keyed(manifests.deployments, |d| &d.metadata));
        self.jobs.extend(keyed(manifests.jobs, |j| &j.metadata));
        for line in &manifests.not_applied {
            if !self.not_applied.contains(line) {
                self.not_applied.push(line.clone());
            }
        }
        Ok(manifests.not_applied)
    }

    /// A Job cannot be changed while it is there, as in Kubernetes.
    fn check_jobs(&self, manifests: &Manifests) -> Result<(), StageError> {
        let changed = |job: &&Sourced<Job>| {
            let old = self.jobs.get(&key(&job.object.metadata));
            old.is_some_and(|old| *old != job.object)
        };
        manifests.jobs.iter().find(changed).map_or(Ok(()), |job| {
            let reason = "cannot be changed while the Job is there";
            Err(ManifestError::field(&job.source, "spec", reason, "delete the Job first").into())
        })
    }

    pub(crate) async fn delete(&mut self, manifests: &Manifests) -> Result<(), StageError> {
        for deployment in &manifests.deployments {
            self.deployments.remove(&key(&deployment.object.metadata));
            self.terminate_all("Deployment", &deployment.object.metadata);
        }
        for job in &manifests.jobs {
            self.jobs.remove(&key(&job.object.metadata));
            self.outcomes.remove(&key(&job.object.metadata));
            self.terminate_all("Job", &job.object.metadata);
        }
        for service in &manifests.services {
            if let Some(ip) =
                self.services.remove(&key(&service.object.metadata)).and_then(|s| s.ip)
            {
                self.service_addresses.free(ip);
            }
        }
        for map in &manifests.config_maps {
            self.config_maps.remove(&map.object.metadata.key());
        }
        let mut watched = self.watched.clone();
        for monitor in &manifests.service_monitors {
            watched.monitors.remove(&key(&monitor.object.metadata));
        }
        for probe in &manifests.probes {
            watched.probes.remove(&key(&probe.object.metadata));
        }
        for rule in &manifests.prometheus_rules {
            watched.rules.remove(&key(&rule.object.metadata));
        }
        for config in &manifests.alertmanager_configs {
            watched.alerting.remove(&key(&config.object.metadata));
        }
        self.watch(watched).await
    }

    fn terminate_all(&mut self, kind: &str, owner: &Metadata) {
        let name = format!("{kind}/{}", owner.name);
        let mine = self
            .pods
            .iter()
            .filter(|(_, pod)| pod.owner == name && pod.namespace == owner.namespace);
        let mine: Vec<_> = mine.map(|(key, pod)| (key.clone(), grace(&pod.spec))).collect();
        mine.into_iter().for_each(|(key, grace)| self.terminate(&key, grace));
    }

    async fn apply_service(&mut self, service: Service) -> Result<(), StageError> {
        let key = key(&service.metadata);
        if self.services.get(&key).is_some_and(|old| old.object == service) {
            return Ok(());
        }
        // A port that stays keeps its proxy: a closed one could not be opened again at once.
        let (old_ip, mut old) =
            self.services.remove(&key).map(|old| (old.ip, old.proxies)).unwrap_or_default();
        let ip = match old_ip {
            Some(ip) if service.headless() => {
                self.service_addresses.free(ip);
                None
            }
            None if !service.headless() => Some(self.service_addresses.take()?),
            kept => kept,
        };
        let mut proxies = BTreeMap::new();
        if let Some(ip) = ip {
            for ServicePort { port, .. } in &service.spec.ports {
                let proxy = match old.remove(port) {
                    Some(proxy) => proxy,
                    None => {
                        let (slots, traffic) = (self.slots.clone(), self.traffic.clone());
                        Proxy::start(ip, *port, slots, traffic).await?
                    }
                };
                proxies.insert(*port, proxy);
            }
        }
        self.services.insert(key, ServiceRuntime { object: service, ip, proxies });
        Ok(())
    }
}

fn keyed<T>(
    objects: Vec<Sourced<T>>,
    metadata: fn(&T) -> &Metadata,
) -> impl Iterator<Item = (Key, T)> {
    objects.into_iter().map(move |sourced| (key(metadata(&sourced.object)), sourced.object))
}

fn key(metadata: &Metadata) -> Key {
    (metadata.namespace.clone(), metadata.name.clone())
}
