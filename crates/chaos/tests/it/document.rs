//! A document keeps what a cluster has to be given.

use chaos::document::{API_VERSION, parse};
use serde_json::json;

#[test]
fn a_document_becomes_again_what_kubectl_takes() {
    let text = "
apiVersion: chaos-mesh.org/v1alpha1
kind: Schedule
metadata: {name: often, namespace: demo, labels: {team: sre}}
spec:
  schedule: '@every 20s'
  type: PodChaos
  podChaos: {action: pod-kill, mode: one, selector: {labelSelectors: {app: shop}}}
";
    let document = parse("often.yaml", text).unwrap().remove(0);
    let expected = json!({
        "apiVersion": API_VERSION,
        "kind": "Schedule",
        "metadata": {"name": "often", "namespace": "demo", "labels": {"team": "sre"}},
        "spec": {
            "schedule": "@every 20s",
            "type": "PodChaos",
            "podChaos": {
                "action": "pod-kill",
                "mode": "one",
                "selector": {"labelSelectors": {"app": "shop"}},
            },
        },
    });
    assert_eq!(document.to_json(), expected);
    let again = parse("often.json", &document.to_json().to_string()).unwrap().remove(0);
    assert_eq!(again.to_json(), expected);
}
