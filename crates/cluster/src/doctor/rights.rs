//! What this user may do in the namespace.

use serde_json::json;

use super::Finding;
use crate::api::Api;
use crate::object::text;

const REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

/// What a play does: group, resource, subresource, verb.
const NEEDED: [(&str, &str, &str, &str); 15] = [
    ("", "services", "", "patch"),
    ("", "pods", "", "list"),
    // Over a WebSocket it is `get`; since Kubernetes 1.35 `create` is asked for, too.
    ("", "pods", "portforward", "get"),
    ("", "pods", "portforward", "create"),
    ("", "pods", "log", "get"),
    ("", "services", "proxy", "get"),
    ("apps", "deployments", "", "patch"),
    ("apps", "deployments", "", "delete"),
    ("batch", "jobs", "", "patch"),
    ("monitoring.coreos.com", "servicemonitors", "", "patch"),
    ("monitoring.coreos.com", "prometheusrules", "", "patch"),
    ("monitoring.coreos.com", "alertmanagerconfigs", "", "patch"),
    ("chaos-mesh.org", "dnschaos", "", "patch"),
    ("chaos-mesh.org", "dnschaos", "", "delete"),
    ("rbac.authorization.k8s.io", "rolebindings", "", "patch"),
];

pub(super) async fn examine(api: &Api, namespace: &str) -> Finding {
    let (id, what) = ("C02", "rights in the namespace");
    let mut missing = Vec::new();
    for (group, resource, subresource, verb) in NEEDED {
        let attributes = json!({"namespace": namespace, "group": group, "resource": resource,
            "subresource": subresource, "verb": verb});
        let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes}});
        match api.create(REVIEWS, &review).await {
            Ok(answer) if answer.pointer("/status/allowed") == Some(&json!(true)) => {}
            Ok(answer) => {
                let why = text(&answer, "/status/reason").to_owned();
                let sub = if subresource.is_empty() { "" } else { "/" };
                missing.push((format!("{verb} {resource}{sub}{subresource}"), why));
            }
            Err(why) => return Finding::unseen(id, what, &why),
        }
    }
    if missing.is_empty() {
        return Finding::well(id, what, format!("all that a play in `{namespace}` needs"));
    }
    let list: Vec<&str> = missing.iter().map(|(what, _)| what.as_str()).collect();
    let remedy = format!(
        "kubectl -n {namespace} create rolebinding tales --clusterrole=admin --user=YOU (with rules for monitoring.coreos.com and chaos-mesh.org)"
    );
    Finding::wrong(id, what, format!("may not {}", list.join(", ")), remedy)
}
