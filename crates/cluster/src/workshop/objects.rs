//! What an attendee gets: the objects, as they are applied.
//!
//! The pod is what Pod Security calls `restricted`: no root, no capability, a root file system that
//! cannot be written to. It gets no token of its own. The attendee may look at it, get into it and
//! make it begin anew, and may neither change it nor make another.

use serde_json::{Value, json};

use super::{WORKSHOP, WorkshopName};
use crate::kinds::{self, Kind, STATEFUL_SET};
use crate::object::{MANAGED_BY, TALE};

/// The name of everything that is the attendee's.
pub const ATTENDEE: &str = "attendee";
/// The name of the pod's StatefulSet.
pub const STAGE: &str = "stage";
/// The attendee's pod.
pub const POD: &str = "stage-0";

/// What the scheduler sets aside for a pod: thirty fit beside the system on a node of 4 GB.
const MEMORY_REQUEST: &str = "112Mi";
/// What a pod may use: a play and a shell.
const MEMORY_LIMIT: &str = "224Mi";
/// A share, not a limit: whoever plays gets what the others leave.
const CPU_REQUEST: &str = "25m";
/// Files: the data of a play, its logs and reports.
const STORAGE_LIMIT: &str = "512Mi";

/// The namespace.
pub fn namespace(workshop: &WorkshopName, name: &str) -> Value {
    let mut labels = labels(workshop);
    for mode in ["enforce", "warn", "audit"] {
        labels[format!("pod-security.kubernetes.io/{mode}")] = json!("restricted");
    }
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
}

/// What lies in it, in the order in which it is applied, but for the pod.
pub fn rights(workshop: &WorkshopName, namespace: &str) -> Vec<(&'static Kind, Value)> {
    let meta =
        |name: &str| json!({"name": name, "namespace": namespace, "labels": labels(workshop)});
    let object = |api_version: &str, kind: &str, rest: Value| {
        let found = kinds::find(api_version, kind).expect("these are in the list of kinds");
        let mut object =
            json!({"apiVersion": api_version, "kind": kind, "metadata": meta(ATTENDEE)});
        for (field, value) in rest.as_object().into_iter().flatten() {
            object[field] = value.clone();
        }
        (found, object)
    };
    let rbac = "rbac.authorization.k8s.io";
    let rbac_v1 = format!("{rbac}/v1");
    vec![
        object("v1", "ServiceAccount", json!({"automountServiceAccountToken": false})),
        object(&rbac_v1, "Role", json!({"rules": rules()})),
        object(
            &rbac_v1,
            "RoleBinding",
            json!({"roleRef": {"apiGroup": rbac, "kind": "Role", "name": ATTENDEE},
                "subjects": [{"kind": "ServiceAccount", "name": ATTENDEE, "namespace": namespace}]}),
        ),
        object("v1", "ResourceQuota", json!({"spec": {"hard": quota()}})),
        // From and to nobody. Logs, shells and forwarded ports come through the kubelet.
        object(
            "networking.k8s.io/v1",
            "NetworkPolicy",
            json!({"spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}}),
        ),
    ]
}

/// The pod, by way of a StatefulSet: it comes back when it is gone, and by the same name.
pub fn stage(workshop: &WorkshopName, namespace: &str, image: &str) -> (&'static Kind, Value) {
    let labels = labels(workshop);
    let mut of_pod = labels.clone();
    of_pod["app.kubernetes.io/name"] = json!(STAGE);
    let template = json!({"metadata": {"labels": of_pod}, "spec": pod(image)});
    let spec = json!({"serviceName": STAGE, "replicas": 1, "template": template,
        "selector": {"matchLabels": {"app.kubernetes.io/name": STAGE}}});
    let object = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "spec": spec,
        "metadata": {"name": STAGE, "namespace": namespace, "labels": labels}});
    (&STATEFUL_SET, object)
}

fn pod(image: &str) -> Value {
    let container = json!({
        "name": STAGE,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        // It waits for its attendee; a play that is under way when the pod ends writes its report.
        "args": ["idle"],
        "env": [{"name": "HOME", "value": "/tmp"}],
        "resources": {
            "requests": {"cpu": CPU_REQUEST, "memory": MEMORY_REQUEST, "ephemeral-storage": "64Mi"},
            "limits": {"memory": MEMORY_LIMIT, "ephemeral-storage": STORAGE_LIMIT},
        },
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "readOnlyRootFilesystem": true,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    });
    json!({
        "serviceAccountName": ATTENDEE,
        "automountServiceAccountToken": false,
        "enableServiceLinks": false,
        "terminationGracePeriodSeconds": 30,
        "securityContext": {
            "runAsNonRoot": true,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "fsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": STORAGE_LIMIT}}],
    })
}

/// Looking, getting in, and beginning anew by deleting the pod. Nothing that makes or changes a
/// pod, and nothing that reads a Secret.
fn rules() -> Value {
    let rule = |group: &str, resources: &[&str], verbs: &[&str]| json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
    json!([
        rule("", &["pods"], &["get", "list", "watch", "delete"]),
        rule("", &["pods/log"], &["get"]),
        // Some versions of kubectl ask with POST and some with GET.
        rule("", &["pods/exec", "pods/attach", "pods/portforward"], &["create", "get"]),
        rule("", &["events", "resourcequotas"], &["get", "list", "watch"]),
        rule("apps", &["statefulsets"], &["get", "list", "watch"]),
    ])
}

/// The one pod, and nothing that costs or opens a door.
fn quota() -> Value {
    json!({
        "pods": "1",
        "requests.cpu": CPU_REQUEST,
        "requests.memory": MEMORY_REQUEST,
        "limits.memory": MEMORY_LIMIT,
        "limits.ephemeral-storage": STORAGE_LIMIT,
        "persistentvolumeclaims": "0",
        "services.nodeports": "0",
        "services.loadbalancers": "0",
    })
}

fn labels(workshop: &WorkshopName) -> Value {
    json!({MANAGED_BY: TALE, WORKSHOP: workshop.to_string()})
}

/// The query that selects the objects of a workshop, or of all.
pub(super) fn selector(workshop: Option<&WorkshopName>) -> String {
    let of = workshop.map_or_else(String::new, |name| format!("%3D{name}"));
    format!("?labelSelector={MANAGED_BY}%3D{TALE}%2C{WORKSHOP}{of}").replace('/', "%2F")
}

/// Whether an object is of this workshop; of any, if none is named.
pub(super) fn is_of(object: &Value, workshop: Option<&WorkshopName>) -> bool {
    let labels = object.pointer("/metadata/labels");
    let label = |name: &str| labels.and_then(|labels| labels.get(name)).and_then(Value::as_str);
    label(MANAGED_BY) == Some(TALE)
        && label(WORKSHOP)
            .is_some_and(|value| workshop.is_none_or(|name| name.to_string() == value))
}
