//! Checks that everything in an object that has a name has one that Kubernetes would take.

use std::collections::BTreeSet;

use serde_json::Value;

use super::names::{self, is_label, is_subdomain, is_variable};
use super::{ConfigMap, Container, Labels, ManifestError, PodTemplate, Service, Source};

type Checked = Result<(), ManifestError>;

/// The longest name of a workload: its pods' names are made of it, and cut beyond that.
const WORKLOAD: usize = 200;

/// Name, namespace, labels and annotations of any object, before anything else of it is looked at.
pub(super) fn metadata(kind: &str, object: &Value, source: &Source) -> Checked {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
    let name = text("name");
    if matches!(kind, "Service" | "Namespace") {
        named(is_label(name), source, "metadata.name", name, LABEL)?;
    }
    // What says who may do what has colons in its names.
    if !kind.contains("Role") {
        named(is_subdomain(name), source, "metadata.name", name, SUBDOMAIN)?;
    }
    if matches!(kind, "Deployment" | "Job") {
        named(name.len() <= WORKLOAD, source, "metadata.name", name, "at most 200 letters")?;
    }
    if object["metadata"].get("namespace").is_some() {
        let namespace = text("namespace");
        named(is_label(namespace), source, "metadata.namespace", namespace, LABEL)?;
    }
    Ok(())
}

/// Labels, containers, ports and variables of a pod.
pub(super) fn pod(template: &PodTemplate, source: &Source) -> Checked {
    let at = "spec.template.metadata";
    labels(&template.metadata.labels, &template.metadata.annotations, at, source)?;
    let mut seen = BTreeSet::new();
    for (index, container) in template.spec.containers.iter().enumerate() {
        let at = format!("spec.template.spec.containers[{index}]");
        let name = container.name.as_str();
        named(is_label(name), source, &format!("{at}.name"), name, LABEL)?;
        named(seen.insert(name), source, &format!("{at}.name"), name, "a name of its own")?;
        self::container(container, &at, source)?;
    }
    Ok(())
}

fn container(container: &Container, at: &str, source: &Source) -> Checked {
    for (index, port) in container.ports.iter().enumerate() {
        let name = port.name.as_deref().unwrap_or("port");
        let field = format!("{at}.ports[{index}].name");
        named(names::is_port(name), source, &field, name, PORT)?;
    }
    for (index, variable) in container.env.iter().enumerate() {
        let (name, field) = (variable.name.as_str(), format!("{at}.env[{index}]"));
        named(is_variable(name), source, &format!("{field}.name"), name, VARIABLE)?;
        no_end(variable.value.as_deref(), source, &format!("{field}.value"))?;
    }
    for (index, from) in container.env_from.iter().enumerate() {
        let fits = from.prefix.is_empty() || is_variable(&from.prefix);
        let field = format!("{at}.envFrom[{index}].prefix");
        named(fits, source, &field, &from.prefix, VARIABLE)?;
    }
    for (field, words) in [("command", &container.command), ("args", &container.args)] {
        for (index, word) in words.iter().enumerate() {
            no_end(Some(word), source, &format!("{at}.{field}[{index}]"))?;
        }
    }
    Ok(())
}

/// The ports of a Service.
pub(super) fn service(service: &Service, source: &Source) -> Checked {
    for (index, port) in service.spec.ports.iter().enumerate() {
        let name = port.name.as_deref().unwrap_or("port");
        let field = format!("spec.ports[{index}].name");
        named(is_label(name), source, &field, name, LABEL)?;
    }
    Ok(())
}

/// The keys of a ConfigMap.
pub(super) fn config_map(map: &ConfigMap, source: &Source) -> Checked {
    for (key, value) in &map.data {
        named(names::is_file_key(key), source, "data", key, KEY)?;
        no_end(Some(value), source, &format!("data.{key}"))?;
    }
    Ok(())
}

/// Labels and annotations of something at `at`.
pub(super) fn labels(labels: &Labels, annotations: &Labels, at: &str, source: &Source) -> Checked {
    for (key, value) in labels {
        let field = format!("{at}.labels");
        named(names::is_key(key), source, &field, key, LABEL_KEY)?;
        named(names::is_value(value), source, &format!("{field}.{key}"), value, LABEL_VALUE)?;
    }
    for key in annotations.keys() {
        named(names::is_key(key), source, &format!("{at}.annotations"), key, LABEL_KEY)?;
    }
    Ok(())
}

const LABEL: &str =
    "1 to 63 lower-case letters, digits and `-`, with a letter or a digit at both ends";
const SUBDOMAIN: &str = "lower-case letters, digits, `-` and `.`, at most 253";
const PORT: &str = "1 to 15 lower-case letters, digits and single `-`, one letter at least";
const VARIABLE: &str = "letters, digits, `_`, `-` and `.`, and no digit first";
const KEY: &str = "letters, digits, `_`, `-` and `.`";
const LABEL_KEY: &str =
    "NAME or DOMAIN/NAME, the name at most 63 letters, digits, `-`, `_` and `.`";
const LABEL_VALUE: &str =
    "at most 63 letters, digits, `-`, `_` and `.`, with a letter or a digit at both ends";

fn named(fits: bool, source: &Source, field: &str, name: &str, rule: &str) -> Checked {
    if fits {
        return Ok(());
    }
    let name: String = name.chars().take(80).collect();
    let reason = format!("`{name}` is not a name that Kubernetes takes");
    Err(ManifestError::field(source, field, reason, format!("write {rule}")))
}

/// The kernel ends texts at a NUL.
fn no_end(text: Option<&str>, source: &Source, field: &str) -> Checked {
    if text.is_some_and(|text| text.contains('\0')) {
        let reason = "has a NUL in it, at which the text would end";
        return Err(ManifestError::field(source, field, reason, "remove it"));
    }
    Ok(())
}
