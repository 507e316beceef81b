//! Kinds and fields that only mean something in a cluster. A stage accepts them by name and reports
//! them; whatever is neither here nor in the structs is an error, so a typing mistake never passes
//! as "ignored".

use serde_json::Value;

/// Kinds that are listed but do nothing on this stage.
pub const KINDS: &[&str] = &[
    "ClusterRole",
    "ClusterRoleBinding",
    "HorizontalPodAutoscaler",
    "Ingress",
    "LimitRange",
    "Namespace",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "ResourceQuota",
    "Role",
    "RoleBinding",
    "ServiceAccount",
];

const WORKLOAD: &[&str] = &[
    "spec.progressDeadlineSeconds",
    "spec.revisionHistoryLimit",
    "spec.minReadySeconds",
    "spec.ttlSecondsAfterFinished",
    "spec.activeDeadlineSeconds",
    "spec.template.spec.affinity",
    "spec.template.spec.automountServiceAccountToken",
    "spec.template.spec.enableServiceLinks",
    "spec.template.spec.hostname",
    "spec.template.spec.imagePullSecrets",
    "spec.template.spec.nodeSelector",
    "spec.template.spec.priorityClassName",
    "spec.template.spec.securityContext",
    "spec.template.spec.serviceAccountName",
    "spec.template.spec.tolerations",
    "spec.template.spec.topologySpreadConstraints",
    "spec.template.spec.containers[].securityContext",
    "spec.template.spec.containers[].resources.requests",
    "spec.template.spec.containers[].resources.limits.ephemeral-storage",
    "spec.template.spec.containers[].terminationMessagePolicy",
];
/// Listed, because they are not enforced, but kept: stress respects the limit, and an image is
/// pulled if its registry is on this stage; `apply` then takes it off the list.
const KEPT: &[&str] = &[
    "spec.template.spec.containers[].image",
    "spec.template.spec.containers[].imagePullPolicy",
    "spec.template.spec.containers[].resources.limits.cpu",
];
const SERVICE: &[&str] = &[
    "spec.ports[].appProtocol",
    "spec.sessionAffinity",
    "spec.internalTrafficPolicy",
    "spec.ipFamilyPolicy",
];
const MONITOR: &[&str] = &["spec.endpoints[].scrapeTimeout"];

/// The stage has a prober of its own.
const PROBE: &[&str] = &["spec.prober", "spec.scrapeTimeout"];

/// Takes the fields that do not apply out of `object`; returns the dotted path of each that was
/// there.
pub(super) fn take(kind: &str, object: &mut Value) -> Vec<String> {
    let paths = match kind {
        "Deployment" | "Job" => WORKLOAD,
        "Service" => SERVICE,
        "ServiceMonitor" => MONITOR,
        "Probe" => PROBE,
        _ => &[],
    };
    let mut taken = Vec::new();
    for path in paths {
        let parts: Vec<&str> = path.split('.').collect();
        walk(object, &parts, String::new(), &mut taken);
    }
    let kept = object.clone();
    for path in KEPT {
        let parts: Vec<&str> = path.split('.').collect();
        walk(object, &parts, String::new(), &mut taken);
    }
    *object = kept;
    taken
}

fn walk(value: &mut Value, parts: &[&str], at: String, taken: &mut Vec<String>) {
    let (Some((first, rest)), Some(map)) = (parts.split_first(), value.as_object_mut()) else {
        return;
    };
    let dot = if at.is_empty() { "" } else { "." };
    if let Some(list) = first.strip_suffix("[]") {
        let items = map.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
        for (index, item) in items.enumerate() {
            walk(item, rest, format!("{at}{dot}{list}[{index}]"), taken);
        }
    } else if rest.is_empty() {
        if map.remove(*first).is_some() {
            taken.push(format!("{at}{dot}{first}"));
        }
    } else if let Some(next) = map.get_mut(*first) {
        walk(next, rest, format!("{at}{dot}{first}"), taken);
    }
}
