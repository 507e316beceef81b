//! What a container's program is started with: its file, its variables, and `$(NAME)` in its
//! arguments.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use super::pod::NODE;
use crate::NamespacedName;
use crate::manifest::{ConfigMap, Container, EnvVar, Labels, ValueFrom};

/// What the `fieldRef`s of a pod can see.
pub(super) struct Identity<'a> {
    pub(super) name: &'a str,
    pub(super) namespace: &'a str,
    pub(super) uid: &'a str,
    pub(super) ip: Ipv4Addr,
    pub(super) labels: &'a Labels,
    pub(super) annotations: &'a Labels,
}

/// ConfigMaps of one namespace: name to data.
pub(super) type Maps<'a> = BTreeMap<&'a str, &'a BTreeMap<String, String>>;

/// The ConfigMaps that pods of this namespace can see.
pub(super) fn maps_of<'a>(
    namespace: &str,
    config_maps: &'a BTreeMap<NamespacedName, ConfigMap>,
) -> Maps<'a> {
    let there = config_maps.iter().filter(|(name, _)| name.namespace == namespace);
    there.map(|(name, map)| (name.name.as_str(), &map.data)).collect()
}

/// The binary that `command[0]` names: its last path segment, in one of `dirs`.
pub(super) fn program(command: &str, dirs: &[PathBuf]) -> Option<PathBuf> {
    let name = Path::new(command).file_name()?;
    dirs.iter().map(|dir| dir.join(name)).find(|path| path.is_file())
}

/// The environment of a container, in order of increasing weight: `envFrom`, then `env`. `Err`
/// names the variable.
pub(super) fn variables(
    container: &Container,
    pod: &Identity<'_>,
    maps: &Maps<'_>,
) -> Result<BTreeMap<String, String>, (String, String)> {
    let mut env = BTreeMap::new();
    for from in &container.env_from {
        match maps.get(from.config_map_ref.name.as_str()) {
            Some(data) => {
                env.extend(data.iter().map(|(k, v)| (format!("{}{k}", from.prefix), v.clone())))
            }
            None if from.config_map_ref.optional => {}
            None => {
                return Err((
                    "envFrom".into(),
                    format!("ConfigMap `{}` is not there", from.config_map_ref.name),
                ));
            }
        }
    }
    for var in &container.env {
        if let Some(value) =
            variable(var, pod, maps).map_err(|reason| (var.name.clone(), reason))?
        {
            let value = expand(&value, &env);
            env.insert(var.name.clone(), value);
        }
    }
    Ok(env)
}

fn variable(var: &EnvVar, pod: &Identity<'_>, maps: &Maps<'_>) -> Result<Option<String>, String> {
    match (&var.value, &var.value_from) {
        (Some(_), Some(_)) => Err("has both `value` and `valueFrom`".into()),
        (value, None) => Ok(Some(value.clone().unwrap_or_default())),
        (None, Some(ValueFrom::FieldRef(field))) => {
            let value = pod_field(&field.field_path, pod);
            value.map(Some).ok_or_else(|| {
                format!("fieldPath `{}` is not known on this stage", field.field_path)
            })
        }
        (None, Some(ValueFrom::ConfigMapKeyRef(key))) => {
            match maps.get(key.name.as_str()).and_then(|data| data.get(&key.key)) {
                Some(value) => Ok(Some(value.clone())),
                None if key.optional => Ok(None),
                None => Err(format!("ConfigMap `{}` has no key `{}`", key.name, key.key)),
            }
        }
    }
}

fn pod_field(path: &str, pod: &Identity<'_>) -> Option<String> {
    let keyed = |map: &Labels, prefix: &str| {
        let key = path.strip_prefix(prefix)?.strip_suffix("']")?;
        Some(map.get(key).cloned().unwrap_or_default())
    };
    match path {
        "metadata.name" => Some(pod.name.into()),
        "metadata.namespace" => Some(pod.namespace.into()),
        "metadata.uid" => Some(pod.uid.into()),
        "status.podIP" | "status.hostIP" => Some(pod.ip.to_string()),
        "spec.nodeName" => Some(NODE.into()),
        _ => keyed(pod.labels, "metadata.labels['")
            .or_else(|| keyed(pod.annotations, "metadata.annotations['")),
    }
}

/// Replaces `$(NAME)` by the variable; an unknown one stays as it is and `$$(NAME)` means the text
/// `$(NAME)`.
pub(super) fn expand(text: &str, env: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let named = rest.strip_prefix("$(").and_then(|r| r.split_once(')'));
        if let Some(escaped) = rest.strip_prefix("$$") {
            out.push('$');
            rest = escaped;
        } else if let Some((value, after)) =
            named.and_then(|(name, after)| Some((env.get(name)?, after)))
        {
            out.push_str(value);
            rest = after;
        } else {
            out.push('$');
            rest = &rest[1..];
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifests;

    fn container(yaml: &str) -> Container {
        let text = format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: a}}\nspec: {{template: {{spec: {{containers: [{yaml}]}}}}}}"
        );
        let mut all = Manifests::parse("a.yaml", &text).unwrap();
        all.jobs.remove(0).object.spec.template.spec.containers.remove(0)
    }

    #[test]
    fn variables_come_from_values_fields_and_config_maps() {
        let data = BTreeMap::from([("KEY".to_string(), "from-map".to_string())]);
        let labels = BTreeMap::from([("app".to_string(), "web".to_string())]);
        let none = Labels::new();
        let pod = Identity {
            name: "web-1",
            namespace: "demo",
            uid: "u",
            ip: Ipv4Addr::new(127, 1, 1, 1),
            labels: &labels,
            annotations: &none,
        };
        let c = container(
            "{name: c, envFrom: [{configMapRef: {name: m}, prefix: P_}], env: [{name: A, value: x}, \
             {name: B, valueFrom: {fieldRef: {fieldPath: metadata.name}}}, \
             {name: C, valueFrom: {fieldRef: {fieldPath: \"metadata.labels['app']\"}}}, \
             {name: D, valueFrom: {configMapKeyRef: {name: m, key: KEY}}}, {name: E, value: $(A)-$(NONE)-$$(A)}, \
             {name: F, valueFrom: {configMapKeyRef: {name: m, key: NONE, optional: true}}}]}",
        );
        let env = variables(&c, &pod, &BTreeMap::from([("m", &data)])).unwrap();
        let text: Vec<String> = env.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(
            text,
            ["A=x", "B=web-1", "C=web", "D=from-map", "E=x-$(NONE)-$(A)", "P_KEY=from-map"]
        );
        let error = variables(&c, &pod, &Maps::new()).unwrap_err();
        assert_eq!(error.0, "envFrom");
    }
}
