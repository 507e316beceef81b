//! `kubectl apply` and `kubectl delete`: everything is checked before anything is changed.

use std::collections::BTreeMap;

use super::monitoring;
use super::pod::Key;
use super::proxy::Proxy;
use super::reconcile::grace;
use super::world::{ServiceRuntime, World};
use super::{files, validate};
use crate::StageError;
use crate::manifest::{ManifestError, Manifests, Metadata, Service, ServicePort};

impl World {
    /// Returns what does not apply on this stage.
    pub(crate) async fn apply(&mut self, manifests: Manifests) -> Result<Vec<String>, StageError> {
        validate::all(&manifests, &self.config.program_dirs, &self.config_maps)?;
        self.check_rules(&manifests).await?;
        for map in manifests.config_maps {
            self.config_maps
                .insert(map.object.metadata.key(), map.object.data);
        }
        for service in manifests.services {
            self.apply_service(service.object).await?;
        }
        self.deployments.extend(
            manifests
                .deployments
                .into_iter()
                .map(|d| (key(&d.object.metadata), d.object)),
        );
        for job in manifests.jobs {
            // A Job's template cannot change; a finished or running Job of that name stays as it is.
            self.jobs
                .entry(key(&job.object.metadata))
                .or_insert(job.object);
        }
        let before = (
            self.monitors.clone(),
            self.rules.clone(),
            self.alerting.clone(),
        );
        self.monitors.extend(
            manifests
                .service_monitors
                .into_iter()
                .map(|m| (key(&m.object.metadata), m.object)),
        );
        self.rules.extend(
            manifests
                .prometheus_rules
                .into_iter()
                .map(|r| (key(&r.object.metadata), r.object)),
        );
        self.alerting.extend(
            manifests
                .alertmanager_configs
                .into_iter()
                .map(|a| (key(&a.object.metadata), a.object)),
        );
        for line in &manifests.not_applied {
            if !self.not_applied.contains(line) {
                self.not_applied.push(line.clone());
            }
        }
        if before
            != (
                self.monitors.clone(),
                self.rules.clone(),
                self.alerting.clone(),
            )
        {
            self.configure_backends().await?;
        }
        Ok(manifests.not_applied)
    }

    pub(crate) async fn delete(&mut self, manifests: &Manifests) -> Result<(), StageError> {
        for deployment in &manifests.deployments {
            self.deployments.remove(&key(&deployment.object.metadata));
            self.terminate_all("Deployment", &deployment.object.metadata);
        }
        for job in &manifests.jobs {
            self.jobs.remove(&key(&job.object.metadata));
            self.terminate_all("Job", &job.object.metadata);
        }
        for service in &manifests.services {
            if let Some(ip) = self
                .services
                .remove(&key(&service.object.metadata))
                .and_then(|s| s.ip)
            {
                self.service_addresses.free(ip);
            }
        }
        manifests
            .config_maps
            .iter()
            .for_each(|m| drop(self.config_maps.remove(&m.object.metadata.key())));
        manifests
            .service_monitors
            .iter()
            .for_each(|m| drop(self.monitors.remove(&key(&m.object.metadata))));
        manifests
            .prometheus_rules
            .iter()
            .for_each(|r| drop(self.rules.remove(&key(&r.object.metadata))));
        manifests
            .alertmanager_configs
            .iter()
            .for_each(|a| drop(self.alerting.remove(&key(&a.object.metadata))));
        self.configure_backends().await
    }

    fn terminate_all(&mut self, kind: &str, owner: &Metadata) {
        let name = format!("{kind}/{}", owner.name);
        let mine = self
            .pods
            .iter()
            .filter(|(_, pod)| pod.owner == name && pod.namespace == owner.namespace);
        let mine: Vec<_> = mine
            .map(|(key, pod)| (key.clone(), grace(&pod.spec)))
            .collect();
        mine.into_iter()
            .for_each(|(key, grace)| self.terminate(&key, grace));
    }

    async fn apply_service(&mut self, service: Service) -> Result<(), StageError> {
        let key = key(&service.metadata);
        if self
            .services
            .get(&key)
            .is_some_and(|old| old.object == service)
        {
            return Ok(());
        }
        // A port that stays keeps its proxy: a closed one could not be opened again at once.
        let (old_ip, mut old) = self
            .services
            .remove(&key)
            .map(|old| (old.ip, old.proxies))
            .unwrap_or_default();
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
                    None => Proxy::start(ip, *port, self.slots.clone()).await?,
                };
                proxies.insert(*port, proxy);
            }
        }
        self.services.insert(
            key,
            ServiceRuntime {
                object: service,
                ip,
                proxies,
            },
        );
        Ok(())
    }

    /// Has promtool look at every rule before anything is changed, so that a bad rule is named with its file.
    async fn check_rules(&self, manifests: &Manifests) -> Result<(), StageError> {
        if self.prometheus.is_none() {
            return Ok(());
        }
        let file = self.dir("prometheus").join("check.yml");
        for rule in &manifests.prometheus_rules {
            let content = monitoring::rule_file(self.config.clock, &rule.object).to_string();
            files::replace(&file, content.as_bytes())?;
            monitoring::check_rules(&file).await.map_err(|reason| {
                ManifestError::field(
                    &rule.source,
                    "spec.groups",
                    reason,
                    "correct the rule; `promtool check rules` agrees",
                )
            })?;
        }
        Ok(())
    }

    /// Writes the configuration of Prometheus and Alertmanager and has them read it.
    pub(crate) async fn configure_backends(&mut self) -> Result<(), StageError> {
        self.write_backend_files()?;
        for backend in [&self.alertmanager, &self.prometheus].into_iter().flatten() {
            backend.reload().await?;
        }
        Ok(())
    }

    pub(crate) fn write_backend_files(&mut self) -> Result<(), StageError> {
        let clock = self.config.clock;
        let dir = self.dir("prometheus");
        files::empty_dir(&dir.join("rules"))?;
        for ((namespace, name), rule) in &self.rules {
            let file = dir.join("rules").join(format!("{namespace}_{name}.yml"));
            files::replace(
                &file,
                monitoring::rule_file(clock, rule).to_string().as_bytes(),
            )?;
        }
        self.targets.clear();
        self.write_targets()?;
        let alertmanager = self.alertmanager.as_ref().map(|backend| backend.address);
        let config = monitoring::prometheus_config(clock, alertmanager, self.monitors.values());
        files::replace(&dir.join("config.yml"), config.to_string().as_bytes())?;
        let config = monitoring::alertmanager_config(clock, self.inbox, self.alerting.values());
        files::replace(
            &self.dir("alertmanager").join("config.yml"),
            config.to_string().as_bytes(),
        )
    }
}

fn key(metadata: &Metadata) -> Key {
    (metadata.namespace.clone(), metadata.name.clone())
}
