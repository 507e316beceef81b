//! From text to objects: split documents, look at the kind, set the cluster-only fields aside,
//! parse the rest strictly.

use std::path::Path;

use chaos::document::{drop_nulls, drop_what_servers_write};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    ConfigMap, Deployment, Job, ManifestError, Manifests, Service, Source, Sourced, named,
    not_applied,
};

pub(super) fn text(file: &Path, text: &str, all: &mut Manifests) -> Result<(), ManifestError> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text)
        .map_err(|e| ManifestError::Yaml { file: file.into(), reason: e.to_string() })?;
    if documents.iter().all(Value::is_null) {
        return Err(ManifestError::Empty { file: file.into() });
    }
    for (index, document) in documents.into_iter().enumerate().filter(|(_, d)| !d.is_null()) {
        let mut source = Source { file: file.into(), document: index + 1, object: "?".into() };
        object(document, &mut source, all)?;
    }
    Ok(())
}

fn object(
    mut document: Value,
    source: &mut Source,
    all: &mut Manifests,
) -> Result<(), ManifestError> {
    // As the API server takes it, and as `kubectl get -o yaml` or a generator has written it.
    drop_nulls(&mut document);
    drop_what_servers_write(&mut document);
    let kind = header(&document, "kind", source)?;
    let name = document.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    source.object = format!("{kind}/{name}");
    let version = header(&document, "apiVersion", source)?;
    if name.is_empty() {
        return Err(ManifestError::field(source, "metadata.name", "missing", "name the object"));
    }
    named::metadata(&kind, &document, source)?;
    if not_applied::KINDS.contains(&kind.as_str()) {
        all.not_applied.push(source.object.clone());
        return Ok(());
    }
    let wanted = match kind.as_str() {
        "Deployment" => "apps/v1",
        "Job" => "batch/v1",
        "Service" | "ConfigMap" => "v1",
        "ServiceMonitor" | "Probe" | "PrometheusRule" => "monitoring.coreos.com/v1",
        "AlertmanagerConfig" => "monitoring.coreos.com/v1alpha1",
        other => {
            let reason = format!("`{other}` is not a kind that this stage knows");
            return Err(ManifestError::field(
                source,
                "kind",
                reason,
                "correct it, or play this one on the cluster",
            ));
        }
    };
    if version != wanted {
        let reason = format!("`{version}` is not a version that this stage knows");
        return Err(ManifestError::field(
            source,
            "apiVersion",
            reason,
            format!("write `apiVersion: {wanted}`"),
        ));
    }
    let fields = not_applied::take(&kind, &mut document);
    all.not_applied.extend(fields.into_iter().map(|field| format!("{}: {field}", source.object)));
    if let Some(map) = document.as_object_mut() {
        map.remove("apiVersion");
        map.remove("kind");
    }
    match kind.as_str() {
        "Deployment" => {
            let deployment: Sourced<Deployment> = strict(document, source)?;
            named::pod(&deployment.object.spec.template, source)?;
            all.deployments.push(deployment);
        }
        "Job" => {
            let job: Sourced<Job> = strict(document, source)?;
            named::pod(&job.object.spec.template, source)?;
            all.jobs.push(job);
        }
        "Service" => {
            let service: Sourced<Service> = strict(document, source)?;
            named::service(&service.object, source)?;
            all.services.push(service);
        }
        "ConfigMap" => {
            let map: Sourced<ConfigMap> = strict(document, source)?;
            named::config_map(&map.object, source)?;
            all.config_maps.push(map);
        }
        "ServiceMonitor" => all.service_monitors.push(strict(document, source)?),
        "Probe" => all.probes.push(strict(document, source)?),
        "PrometheusRule" => all.prometheus_rules.push(strict(document, source)?),
        _ => all.alertmanager_configs.push(strict(document, source)?),
    }
    Ok(())
}

fn header(document: &Value, field: &str, source: &Source) -> Result<String, ManifestError> {
    let text = document.get(field).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| {
        ManifestError::field(
            source,
            field,
            "missing",
            "every document starts with apiVersion and kind",
        )
    })
}

fn strict<T: DeserializeOwned>(
    document: Value,
    source: &Source,
) -> Result<Sourced<T>, ManifestError> {
    let object = serde_path_to_error::deserialize(document).map_err(|error| {
        let field = error.path().to_string();
        let reason = error.into_inner().to_string();
        let remedy = if reason.starts_with("unknown field") {
            "correct the spelling or remove the field: a field is never ignored"
        } else if reason.contains("expected a string") {
            "put the value in quotes"
        } else {
            "compare with `kubectl explain`"
        };
        ManifestError::field(source, &field, reason, remedy)
    })?;
    Ok(Sourced { object, source: source.clone() })
}
