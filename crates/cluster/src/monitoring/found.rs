//! Which Prometheus and Alertmanager are there, and whether they would look at the objects of a
//! stage. Each of their selectors drops what it does not select without a word.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Monitoring, NAME};
use crate::api::{Api, ApiError};
use crate::error::ClusterError;
use crate::kinds;
use crate::object::{self, name, text};
use crate::pod::PodPort;

/// What says how objects are selected: the field of the Prometheus or Alertmanager, and the kind.
const OF_PROMETHEUS: [(&str, &str); 3] =
    [("serviceMonitor", "ServiceMonitor"), ("probe", "Probe"), ("rule", "PrometheusRule")];

/// Where is asked what somebody may do.
const REVIEWS: &str = "/apis/authorization.k8s.io/v1/subjectaccessreviews";

/// What the operator manages in a cluster, the stage's own aside.
#[derive(Debug, Default)]
pub struct Found {
    /// The first Prometheus.
    pub prometheus: Option<Value>,
    /// The first Alertmanager.
    pub alertmanager: Option<Value>,
    /// Whether only one namespace could be looked at.
    pub only_here: bool,
}

impl Found {
    /// Looks in all namespaces, or in that of the stage when no more is allowed.
    ///
    /// # Errors
    /// The operator is not installed, or the server does not answer.
    pub async fn look(api: &Api, namespace: &str) -> Result<Self, ClusterError> {
        let mut found = Self::default();
        for (plural, place) in [("Prometheus", 0), ("Alertmanager", 1)] {
            let kind = kinds::find("monitoring.coreos.com/v1", plural).expect("it is in the list");
            let all = match api.get(&kind.list_all()).await {
                Err(why) if why.code() == Some(403) => {
                    found.only_here = true;
                    api.get(&kind.list(namespace)).await
                }
                answer => answer,
            };
            let all = all.map_err(no_operator)?;
            let theirs = object::items(&all, "/items").iter().find(|one| {
                !(name(one) == NAME
                    && text(one, "/metadata/labels/app.kubernetes.io~1managed-by") == object::TALE)
            });
            match place {
                0 => found.prometheus = theirs.cloned(),
                _ => found.alertmanager = theirs.cloned(),
            }
        }
        Ok(found)
    }

    /// How the objects of a stage have to be labelled so that what is there looks at them.
    ///
    /// # Errors
    /// It cannot be made to: the selector that is in the way.
    pub(super) fn satisfied(&self, namespace: &str) -> Result<Monitoring, String> {
        let (Some(prometheus), Some(alertmanager)) = (&self.prometheus, &self.alertmanager) else {
            return Err("there is a Prometheus, and no Alertmanager".to_owned());
        };
        let mut selected_by = BTreeMap::new();
        for (field, kind) in OF_PROMETHEUS {
            selected_by.insert(kind, wanted(prometheus, field, namespace)?);
        }
        let configs = wanted(alertmanager, "alertmanagerConfig", namespace)?;
        selected_by.insert("AlertmanagerConfig", configs);
        let server = |prefix: &str, object: &Value, port| PodPort {
            namespace: text(object, "/metadata/namespace").to_owned(),
            pod: format!("{prefix}-{}-0", name(object)),
            port,
        };
        Ok(Monitoring {
            own: false,
            instead: None,
            prometheus: server("prometheus", prometheus, 9090),
            alertmanager: server("alertmanager", alertmanager, 9093),
            selected_by,
        })
    }

    /// What keeps the Prometheus that is there from finding the pods of a namespace. Who may not
    /// ask will see whether it does.
    pub(super) async fn may_not_look(&self, api: &Api, namespace: &str) -> Option<String> {
        let prometheus = self.prometheus.as_ref()?;
        let of = text(prometheus, "/metadata/namespace");
        let account = match text(prometheus, "/spec/serviceAccountName") {
            "" => "default",
            account => account,
        };
        for resource in ["services", "endpoints", "pods"] {
            let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
                "spec": {"user": format!("system:serviceaccount:{of}:{account}"),
                    "groups": ["system:serviceaccounts", format!("system:serviceaccounts:{of}")],
                    "resourceAttributes": {"namespace": namespace, "verb": "list", "resource": resource}}});
            let answer = api.create(REVIEWS, &review).await.ok()?;
            if answer.pointer("/status/allowed") == Some(&json!(false)) {
                return Some(format!(
                    "ServiceAccount {of}/{account} may not list {resource} in `{namespace}`"
                ));
            }
        }
        None
    }
}

/// The labels that a selector asks for; an error when labels are not enough.
fn wanted(by: &Value, field: &str, namespace: &str) -> Result<BTreeMap<String, String>, String> {
    let whose = || format!("{}/{}", text(by, "/metadata/namespace"), name(by));
    let place = |end: &str| format!("{} {}: spec.{field}{end}", text(by, "/kind"), whose());
    let spec = |end: &str| by.pointer(&format!("/spec/{field}{end}"));
    match spec("NamespaceSelector") {
        None if text(by, "/metadata/namespace") != namespace => {
            return Err(format!(
                "{} is not set, so nothing of `{namespace}` is looked at",
                place("NamespaceSelector")
            ));
        }
        Some(Value::Object(map)) if !map.is_empty() => {
            let known = map.get("matchLabels").and_then(Value::as_object);
            let by_name = known.and_then(|labels| labels.get("kubernetes.io/metadata.name"));
            if by_name.is_none_or(|name| name != namespace) {
                return Err(format!(
                    "{} does not select `{namespace}`: {}",
                    place("NamespaceSelector"),
                    Value::Object(map.clone())
                ));
            }
        }
        _ => {}
    }
    let Some(selector) = spec("Selector").and_then(Value::as_object) else {
        return Err(format!("{} is not set, so it selects nothing", place("Selector")));
    };
    if selector.get("matchExpressions").and_then(Value::as_array).is_some_and(|all| !all.is_empty())
    {
        return Err(format!(
            "{} has expressions, which labels alone do not satisfy: {}",
            place("Selector"),
            Value::Object(selector.clone())
        ));
    }
    let labels = selector.get("matchLabels").and_then(Value::as_object);
    let pairs = labels.into_iter().flatten();
    Ok(pairs.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect())
}

fn no_operator(why: ApiError) -> ClusterError {
    if why.code() != Some(404) {
        return why.into();
    }
    ClusterError::Missing {
        what: "the Prometheus operator is not installed in this cluster".to_owned(),
        remedy: "install it: kubectl apply --server-side -f https://github.com/prometheus-operator/prometheus-operator/releases/download/v0.93.1/bundle.yaml".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(labels: &Value) -> Found {
        let selector = json!({"matchLabels": labels});
        let prometheus = json!({"kind": "Prometheus", "metadata": {"name": "k8s", "namespace": "monitoring"},
            "spec": {"serviceMonitorSelector": selector, "serviceMonitorNamespaceSelector": {},
                "probeSelector": selector, "probeNamespaceSelector": {},
                "ruleSelector": selector, "ruleNamespaceSelector": {}}});
        let alertmanager = json!({"kind": "Alertmanager", "metadata": {"name": "main", "namespace": "monitoring"},
            "spec": {"alertmanagerConfigSelector": {}, "alertmanagerConfigNamespaceSelector": {}}});
        Found { prometheus: Some(prometheus), alertmanager: Some(alertmanager), only_here: false }
    }

    #[test]
    fn the_labels_of_a_helm_release_are_found() {
        let monitoring = stack(&json!({"release": "prometheus"})).satisfied("default").unwrap();
        assert_eq!(monitoring.selected_by["ServiceMonitor"]["release"], "prometheus");
        assert!(monitoring.selected_by["AlertmanagerConfig"].is_empty());
        let (namespace, pod) = ("monitoring".to_owned(), "prometheus-k8s-0".to_owned());
        assert_eq!(monitoring.prometheus, PodPort { namespace, pod, port: 9090 });
    }

    #[test]
    fn an_alertmanager_that_looks_at_its_own_namespace_only_is_named() {
        let mut found = stack(&json!({}));
        let spec = found.alertmanager.as_mut().unwrap()["spec"].as_object_mut().unwrap();
        spec.remove("alertmanagerConfigNamespaceSelector");
        let why = found.satisfied("default").unwrap_err();
        assert!(
            why.contains("Alertmanager monitoring/main: spec.alertmanagerConfigNamespaceSelector")
        );
        assert!(found.satisfied("monitoring").is_ok());
    }
}
