//! The documents of the minimum.

use serde_json::{Value, json};

use super::images::{Images, version};
use crate::object::{self, text};

/// The name of the stage's Prometheus and Alertmanager.
pub const NAME: &str = "tales";
/// The name of the inbox.
pub const INBOX: &str = "tales-inbox";
/// Where it listens.
pub const INBOX_PORT: u16 = stage::inbox::PORT;
/// The name of the prober.
pub const BLACKBOX: &str = "tales-blackbox";
/// Where it listens.
pub const BLACKBOX_PORT: u16 = 9115;

/// Nobody, on Debian and in the images of the Prometheus project.
const NOBODY: u32 = 65_534;

/// Whether somebody wants to knock at a front door.
pub(super) fn needs_prober(applied: &[Value]) -> bool {
    applied.iter().any(|object| text(object, "/kind") == "Probe")
}

/// The inbox, which the stage always brings.
pub(super) fn inbox(namespace: &str, image: &str) -> Vec<Value> {
    let mut container = container("inbox", image, INBOX_PORT, "/healthz");
    container["command"] = json!(["inbox"]);
    container["resources"] = resources("10m", "8Mi", "64Mi");
    deployment(namespace, INBOX, INBOX_PORT, container)
}

/// Who knocks at front doors.
pub(super) fn prober(namespace: &str, image: &str) -> Vec<Value> {
    let mut container = container("blackbox", image, BLACKBOX_PORT, "/-/healthy");
    container["args"] = json!(["--config.file=/etc/blackbox_exporter/config.yml"]);
    container["resources"] = resources("50m", "16Mi", "64Mi");
    deployment(namespace, BLACKBOX, BLACKBOX_PORT, container)
}

/// What is the same of both.
fn container(name: &str, image: &str, port: u16, ready: &str) -> Value {
    json!({
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"name": "http", "containerPort": port}],
        "readinessProbe": {"httpGet": {"path": ready, "port": "http"}, "periodSeconds": 1},
        "securityContext": container_security(),
    })
}

/// Prometheus, Alertmanager, and what they may do.
pub(super) fn documents(namespace: &str, images: &Images) -> Vec<Value> {
    vec![
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta(namespace, NAME)}),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": meta(namespace, NAME),
            "rules": [
                {"apiGroups": [""], "resources": ["services", "endpoints", "pods"], "verbs": ["get", "list", "watch"]},
                {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["get", "list", "watch"]},
            ],
        }),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": meta(namespace, NAME),
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": NAME},
            "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": namespace}],
        }),
        prometheus(namespace, &images.prometheus),
        alertmanager(namespace, &images.alertmanager),
    ]
}

fn prometheus(namespace: &str, image: &str) -> Value {
    let ours = json!({"matchLabels": object::labels(namespace)});
    json!({
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "Prometheus",
        "metadata": meta(namespace, NAME),
        "spec": {
            "replicas": 1,
            "image": image,
            "version": version(image),
            "serviceAccountName": NAME,
            "scrapeInterval": "1s",
            "evaluationInterval": "1s",
            // Without a namespace selector: those of its own namespace.
            "serviceMonitorSelector": ours,
            "probeSelector": ours,
            "ruleSelector": ours,
            "alerting": {"alertmanagers": [
                {"namespace": namespace, "name": "alertmanager-operated", "port": "web"},
            ]},
            "podMetadata": {"labels": object::labels(namespace)},
            "securityContext": pod_security(),
            "resources": {"requests": {"cpu": "50m", "memory": "200Mi"}, "limits": {"memory": "1Gi"}},
        },
    })
}

fn alertmanager(namespace: &str, image: &str) -> Value {
    json!({
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "Alertmanager",
        "metadata": meta(namespace, NAME),
        "spec": {
            "replicas": 1,
            "image": image,
            "version": version(image),
            "alertmanagerConfigSelector": {"matchLabels": object::labels(namespace)},
            "alertmanagerConfigMatcherStrategy": {"type": "OnNamespace"},
            "podMetadata": {"labels": object::labels(namespace)},
            "securityContext": pod_security(),
            "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "256Mi"}},
        },
    })
}

/// A Deployment of one pod, and a Service of the same name.
fn deployment(namespace: &str, name: &str, port: u16, container: Value) -> Vec<Value> {
    let labels = json!({"app.kubernetes.io/name": name});
    vec![
        json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": meta(namespace, name),
            "spec": {"selector": labels, "ports": [{"name": "http", "port": port, "targetPort": "http"}]},
        }),
        json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": meta(namespace, name),
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {
                        "automountServiceAccountToken": false,
                        "enableServiceLinks": false,
                        "securityContext": pod_security(),
                        "containers": [container],
                    },
                },
            },
        }),
    ]
}

fn meta(namespace: &str, name: &str) -> Value {
    json!({"name": name, "namespace": namespace, "labels": {"app.kubernetes.io/name": name}})
}

fn resources(cpu: &str, memory: &str, most: &str) -> Value {
    json!({"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": most}})
}

/// What Pod Security `restricted` asks for.
fn pod_security() -> Value {
    json!({
        "runAsNonRoot": true,
        "runAsUser": NOBODY,
        "runAsGroup": NOBODY,
        "fsGroup": NOBODY,
        "seccompProfile": {"type": "RuntimeDefault"},
    })
}

fn container_security() -> Value {
    json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}})
}
