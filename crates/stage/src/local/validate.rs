//! What must hold before anything of an `apply` happens: either all of it is possible, or nothing
//! is changed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::probe::Check;
use super::template::{self, Identity, Maps};
use super::validate_watched::{monitor, probe};
use crate::manifest::{
    Container, Deployment, Labels, ManifestError, Manifests, PodTemplate, Probe, Protocol, Service,
    Source, cpu_millis, memory_bytes,
};

pub(crate) type Checked = Result<(), ManifestError>;

/// Checks all objects; `maps` are the ConfigMaps already on the stage, by `namespace/name`.
pub(crate) fn all(
    manifests: &Manifests,
    dirs: &[PathBuf],
    maps: &BTreeMap<String, BTreeMap<String, String>>,
) -> Checked {
    let mut known = maps.clone();
    known.extend(
        manifests.config_maps.iter().map(|m| (m.object.metadata.key(), m.object.data.clone())),
    );
    for d in &manifests.deployments {
        deployment(&d.object, &d.source)?;
        pod(&d.object.spec.template, &d.object.metadata.namespace, &d.source, dirs, &known)?;
    }
    for j in &manifests.jobs {
        if j.object.spec.template.spec.restart_policy == crate::manifest::RestartPolicy::Always {
            let reason = "a Job cannot restart for ever";
            let field = "spec.template.spec.restartPolicy";
            return Err(ManifestError::field(
                &j.source,
                field,
                reason,
                "write `Never` or `OnFailure`",
            ));
        }
        pod(&j.object.spec.template, &j.object.metadata.namespace, &j.source, dirs, &known)?;
    }
    manifests.services.iter().try_for_each(|s| service(&s.object, &s.source))?;
    manifests.probes.iter().try_for_each(|p| probe(&p.object, &p.source))?;
    manifests.service_monitors.iter().try_for_each(|m| monitor(&m.object, &m.source))
}

fn deployment(deployment: &Deployment, source: &Source) -> Checked {
    let spec = &deployment.spec;
    if !spec.selector.matches(&spec.template.metadata.labels) {
        let reason = "does not match `spec.template.metadata.labels`";
        return Err(ManifestError::field(
            source,
            "spec.selector",
            reason,
            "give both the same labels",
        ));
    }
    let rolling = &spec.strategy.rolling_update;
    for (field, value) in
        [("maxSurge", &rolling.max_surge), ("maxUnavailable", &rolling.max_unavailable)]
    {
        if value.of(spec.replicas, true).is_none() {
            let field = format!("spec.strategy.rollingUpdate.{field}");
            return Err(ManifestError::field(
                source,
                &field,
                "is no number or percentage",
                "write 1 or 25%",
            ));
        }
    }
    Ok(())
}

/// Checks what every pod of `template` needs, wherever it will run.
pub(crate) fn pod(
    template: &PodTemplate,
    namespace: &str,
    source: &Source,
    dirs: &[PathBuf],
    maps: &BTreeMap<String, BTreeMap<String, String>>,
) -> Checked {
    let containers = &template.spec.containers;
    if containers.is_empty() {
        return Err(ManifestError::field(
            source,
            "spec.template.spec.containers",
            "is empty",
            "give one container",
        ));
    }
    let prefix = format!("{namespace}/");
    let maps: Maps<'_> =
        maps.iter().filter_map(|(key, data)| Some((key.strip_prefix(&prefix)?, data))).collect();
    for (index, c) in containers.iter().enumerate() {
        let at = format!("spec.template.spec.containers[{index}]");
        container(c, &at, template, source, dirs, &maps)?;
    }
    Ok(())
}

fn container(
    c: &Container,
    at: &str,
    pod: &PodTemplate,
    source: &Source,
    dirs: &[PathBuf],
    maps: &Maps<'_>,
) -> Checked {
    let Some(command) = c.command.first() else {
        let reason = "is missing, and there is no image here to take it from";
        return Err(ManifestError::field(
            source,
            &format!("{at}.command"),
            reason,
            "name the binary: command: [dns-leaker]",
        ));
    };
    if template::program(command, dirs).is_none() {
        let looked: Vec<String> = dirs.iter().map(|d| d.display().to_string()).collect();
        let reason = format!("program `{command}` is not in {}", looked.join(" or "));
        return Err(ManifestError::field(
            source,
            &format!("{at}.command[0]"),
            reason,
            "build it: cargo build --workspace",
        ));
    }
    let limit = c.resources.limits.cpu.as_ref();
    if limit.is_some_and(|quantity| cpu_millis(quantity).is_none_or(|millis| millis == 0)) {
        let field = format!("{at}.resources.limits.cpu");
        return Err(ManifestError::field(
            source,
            &field,
            "is no quantity of CPU",
            "write 500m or 2",
        ));
    }
    let limit = c.resources.limits.memory.as_ref();
    if limit.is_some_and(|quantity| memory_bytes(quantity).is_none_or(|bytes| bytes == 0)) {
        let field = format!("{at}.resources.limits.memory");
        return Err(ManifestError::field(
            source,
            &field,
            "is no quantity of memory",
            "write 64Mi or 100M",
        ));
    }
    for (name, probe) in
        [("readinessProbe", &c.readiness_probe), ("livenessProbe", &c.liveness_probe)]
    {
        probe.as_ref().map_or(Ok(()), |p| check_probe(p, c, &format!("{at}.{name}"), source))?;
    }
    let none = Labels::new();
    let nobody = Identity {
        name: "",
        namespace: "",
        uid: "",
        ip: std::net::Ipv4Addr::LOCALHOST,
        labels: &pod.metadata.labels,
        annotations: &none,
    };
    template::environment(c, &nobody, maps).map(drop).map_err(|(name, reason)| {
        let remedy = "apply the ConfigMap together with it, or correct the reference";
        ManifestError::field(source, &format!("{at}.env[{name}]"), reason, remedy)
    })
}

fn check_probe(probe: &Probe, container: &Container, at: &str, source: &Source) -> Checked {
    if Check::of(probe, container).is_some() {
        return Ok(());
    }
    let reason = "needs exactly one of httpGet and tcpSocket, on a port number or the name of one in `ports`";
    Err(ManifestError::field(source, at, reason, "correct the port or the action"))
}

fn service(service: &Service, source: &Source) -> Checked {
    if let Some(ip) = service.spec.cluster_ip.as_ref().filter(|ip| *ip != "None") {
        let reason = format!("`{ip}` cannot be had, the stage gives addresses");
        return Err(ManifestError::field(
            source,
            "spec.clusterIP",
            reason,
            "remove it, or write None for headless",
        ));
    }
    for (index, port) in service.spec.ports.iter().enumerate() {
        let earlier = &service.spec.ports[..index];
        if earlier.iter().any(|other| other.port == port.port && other.protocol == port.protocol) {
            let field = format!("spec.ports[{index}].port");
            let reason = format!("{} is there twice", port.port);
            return Err(ManifestError::field(
                source,
                &field,
                reason,
                "give each port its own number",
            ));
        }
        if port.protocol == Protocol::Udp && !service.headless() {
            let field = format!("spec.ports[{index}].protocol");
            let reason = "UDP is not forwarded on this stage";
            return Err(ManifestError::field(
                source,
                &field,
                reason,
                "make the Service headless (clusterIP: None)",
            ));
        }
    }
    Ok(())
}
