//! What must hold of Deployments, Jobs and their pods before anything of an `apply` happens.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use super::environment::{self, Identity, Maps};
use super::probe::Check;
use crate::NamespacedName;
use crate::local::images::ImageName;
use crate::manifest::{
    ConfigMap, Container, Deployment, Job, Labels, ManifestError, Manifests, PodTemplate, Probe,
    RestartPolicy, Source, cpu_millis, memory_bytes,
};

type Checked = Result<(), ManifestError>;

/// Checks all of them. `config_maps` and `jobs` are those that are on the stage already.
pub(super) fn check(
    manifests: &Manifests,
    program_dirs: &[PathBuf],
    config_maps: &BTreeMap<NamespacedName, ConfigMap>,
    jobs: &BTreeMap<NamespacedName, Job>,
) -> Checked {
    let mut config_maps = config_maps.clone();
    let new = manifests.config_maps.iter().map(|map| map.object.clone());
    config_maps.extend(new.map(|map| (map.metadata.namespaced_name(), map)));
    let check_pod = |template: &PodTemplate, namespace: &str, source: &Source| {
        let maps = environment::maps_of(namespace, &config_maps);
        pod(template, source, program_dirs, &maps)
    };
    for deployment in &manifests.deployments {
        let (object, source) = (&deployment.object, &deployment.source);
        check_deployment(object, source)?;
        check_pod(&object.spec.template, &object.metadata.namespace, source)?;
    }
    for job in &manifests.jobs {
        let (object, source) = (&job.object, &job.source);
        check_job(object, source, jobs.get(&object.metadata.namespaced_name()))?;
        check_pod(&object.spec.template, &object.metadata.namespace, source)?;
    }
    Ok(())
}

/// `before` is the Job of this name that is there.
fn check_job(job: &Job, source: &Source, before: Option<&Job>) -> Checked {
    if job.spec.template.spec.restart_policy == RestartPolicy::Always {
        let reason = "a Job cannot restart for ever";
        let field = "spec.template.spec.restartPolicy";
        let remedy = "write `Never` or `OnFailure`";
        return Err(ManifestError::field(source, field, reason, remedy));
    }
    if before.is_some_and(|before| before != job) {
        let reason = "cannot be changed while the Job is there, as in Kubernetes";
        return Err(ManifestError::field(source, "spec", reason, "give the Job another name"));
    }
    Ok(())
}

fn check_deployment(deployment: &Deployment, source: &Source) -> Checked {
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
        if value.absolute(spec.replicas, true).is_none() {
            let field = format!("spec.strategy.rollingUpdate.{field}");
            return Err(ManifestError::field(
                source,
                &field,
                "is not a number or a percentage",
                "write 1 or 25%",
            ));
        }
    }
    Ok(())
}

/// Checks what every pod of `template` needs, wherever it will run.
fn pod(template: &PodTemplate, source: &Source, dirs: &[PathBuf], maps: &Maps<'_>) -> Checked {
    let containers = &template.spec.containers;
    if containers.is_empty() {
        return Err(ManifestError::field(
            source,
            "spec.template.spec.containers",
            "is empty",
            "give one container",
        ));
    }
    for (index, c) in containers.iter().enumerate() {
        let at = format!("spec.template.spec.containers[{index}]");
        container(c, &at, template, source, dirs, maps)?;
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
        let reason = "is missing, and this stage has no image to take it from";
        return Err(ManifestError::field(
            source,
            &format!("{at}.command"),
            reason,
            "name the binary: command: [dns-leaker]",
        ));
    };
    if environment::program(command, dirs).is_none() {
        let looked: Vec<String> = dirs.iter().map(|d| d.display().to_string()).collect();
        let reason = format!("program `{command}` is not in {}", looked.join(" or "));
        return Err(ManifestError::field(
            source,
            &format!("{at}.command[0]"),
            reason,
            "build it: cargo build --workspace",
        ));
    }
    if let Some(Err(why)) = c.image.as_deref().map(str::parse::<ImageName>) {
        let reason = format!("cannot be `{}`", c.image.as_deref().unwrap_or_default());
        let field = format!("{at}.image");
        return Err(ManifestError::field(source, &field, reason, why.to_string()));
    }
    let limit = c.resources.limits.cpu.as_ref();
    if limit.is_some_and(|quantity| cpu_millis(quantity).is_none_or(|millis| millis == 0)) {
        let field = format!("{at}.resources.limits.cpu");
        return Err(ManifestError::field(
            source,
            &field,
            "is not a quantity of CPU",
            "write 500m or 2",
        ));
    }
    let limit = c.resources.limits.memory.as_ref();
    if limit.is_some_and(|quantity| memory_bytes(quantity).is_none_or(|bytes| bytes == 0)) {
        let field = format!("{at}.resources.limits.memory");
        return Err(ManifestError::field(
            source,
            &field,
            "is not a quantity of memory",
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
        ip: Ipv4Addr::LOCALHOST,
        labels: &pod.metadata.labels,
        annotations: &none,
    };
    environment::variables(c, &nobody, maps).map(drop).map_err(|(name, reason)| {
        let remedy = "apply the ConfigMap together with it, or correct the reference";
        ManifestError::field(source, &format!("{at}.env[{name}]"), reason, remedy)
    })
}

fn check_probe(probe: &Probe, container: &Container, at: &str, source: &Source) -> Checked {
    if Check::new(probe, container).is_some() {
        return Ok(());
    }
    let reason = "needs exactly one of httpGet and tcpSocket, on a port number or the name of one in `ports`";
    Err(ManifestError::field(source, at, reason, "correct the port or the action"))
}
