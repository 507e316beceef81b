//! What chaos does to pods: kill them, hold them down, break their name lookups. Also the changes
//! that are no manifests.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use super::address::chaos_dns;
use super::dns::DnsRule;
use super::pod::{Key, Pod};
use super::template;
use super::world::World;
use crate::StageError;
use crate::manifest::{EnvVar, ManifestError, Source};

impl World {
    /// `kubectl set env`: a new template, so a roll-out.
    pub(crate) fn set_env(
        &mut self,
        key: &Key,
        env: &BTreeMap<String, String>,
    ) -> Result<(), StageError> {
        for container in &mut self.deployment(key)?.spec.template.spec.containers {
            container.env.retain(|var| !env.contains_key(&var.name));
            let new = env.iter().map(|(name, value)| EnvVar {
                name: name.clone(),
                value: Some(value.clone()),
                value_from: None,
            });
            container.env.extend(new);
        }
        Ok(())
    }

    /// The stage's `kubectl set image`: another program for the first container.
    pub(crate) fn set_command(
        &mut self,
        key: &Key,
        command: Vec<String>,
    ) -> Result<(), StageError> {
        let dirs = self.config.program_dirs.clone();
        let deployment = self.deployment(key)?;
        if command.first().is_none_or(|first| template::program(first, &dirs).is_none()) {
            let source = Source { object: format!("Deployment/{}", key.1), ..Source::default() };
            let reason = format!("no program for {command:?} in {dirs:?}");
            return Err(ManifestError::field(
                &source,
                "command",
                reason,
                "build it: cargo build --workspace",
            )
            .into());
        }
        if let Some(container) = deployment.spec.template.spec.containers.first_mut() {
            container.command = command;
        }
        Ok(())
    }

    /// The pod goes, and its owner makes another one with another name.
    pub(crate) fn kill_pod(&mut self, key: &Key, grace: Duration) -> Result<(), StageError> {
        self.pod(key)?;
        self.terminate(key, grace);
        Ok(())
    }

    /// The process goes; the same pod starts it again and counts it.
    pub(crate) fn kill_container(
        &mut self,
        key: &Key,
        container: Option<&str>,
    ) -> Result<(), StageError> {
        let pod = self.pod(key)?;
        let index = pod.container_index(container)?;
        pod.containers[index].process.iter().for_each(|process| process.kill());
        Ok(())
    }

    /// Holds all containers down, or lets them come up again: same pod, same address, nothing
    /// listening in between.
    pub(crate) fn fail_pod(&mut self, key: &Key, down: bool) -> Result<(), StageError> {
        let pod = self.pod(key)?;
        if pod.held_down == down {
            return Ok(());
        }
        pod.held_down = down;
        for container in &mut pod.containers {
            match (&container.process, down) {
                (Some(process), true) => process.kill(),
                (None, true) => container.waiting = Some("PodFailure"),
                (_, false) => {
                    container.back_off.reset();
                    container.waiting = Some("ContainerCreating");
                    container.start_at = container.process.is_none().then(Instant::now);
                }
            }
        }
        let object = pod.object();
        let (reason, text) =
            if down { ("PodFailure", "held down") } else { ("PodRecovered", "comes up again") };
        self.events.normal(reason, object, text);
        Ok(())
    }

    /// Sends the pod's lookups to its own chaos resolver, or back to cluster DNS.
    pub(crate) async fn dns_fault(
        &mut self,
        key: &Key,
        rule: Option<DnsRule>,
    ) -> Result<(), StageError> {
        let until = rule.as_ref().map(|rule| rule.until);
        let (ip, object) = self.pod(key).map(|pod| (pod.ip, pod.object()))?;
        // The resolver is there before the file points to it, and stays after the file points away.
        self.dns.set_rule(chaos_dns(ip), rule).await?;
        let nameserver = if until.is_some() { chaos_dns(ip) } else { self.dns.address };
        self.write_resolv_conf(&self.pods[key], nameserver)?;
        self.pod(key)?.dns_fault = until;
        let reason = if until.is_some() { "DnsFault" } else { "DnsRecovered" };
        self.events.normal(reason, object, format!("resolv.conf names {nameserver}"));
        self.dirty = true;
        Ok(())
    }

    /// Writes the pod's `resolv.conf` as kubelet does, in one step, so that no reader sees half of
    /// it. Unlike kubelet's it limits time and attempts, because nothing on loopback is worth five
    /// seconds of waiting.
    pub(crate) fn write_resolv_conf(
        &self,
        pod: &Pod,
        nameserver: Ipv4Addr,
    ) -> Result<(), StageError> {
        let text = format!(
            "nameserver {nameserver}\nsearch {}.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5 \
             timeout:1 attempts:2\n",
            pod.namespace
        );
        super::files::replace(&pod.dir.join("resolv.conf"), text.as_bytes())
    }
}
