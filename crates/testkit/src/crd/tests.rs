//! Tests of `crd.rs`.

use super::*;

const SCHEDULE: &str = "
apiVersion: chaos-mesh.org/v1alpha1
kind: Schedule
metadata: {name: x}
spec:
  schedule: '@hourly'
  startingDeadlineSeconds: null
  concurrencyPolicy: Allow
  type: PodChaos
  podChaos: {action: pod-kill, mode: one, selector: {namespaces: [default]}}
";

fn violations(text: &str) -> Vec<String> {
    validate(&required_folder(), text).err().unwrap_or_default()
}

#[test]
#[ignore = "needs TALES_CRDS"]
fn a_valid_schedule_passes() {
    assert_eq!(violations(SCHEDULE), Vec::<String>::new());
}

#[test]
#[ignore = "needs TALES_CRDS"]
fn a_misspelt_field_and_a_bad_choice_are_found() {
    let found = violations(&SCHEDULE.replace("mode:", "mod:").replace("Allow", "Replace"));
    assert_eq!(found.len(), 3, "{found:?}");
}

#[test]
#[ignore = "needs TALES_CRDS"]
fn an_exclusive_bound_is_obeyed() {
    let found = violations(&SCHEDULE.replace("null", "0"));
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
#[ignore = "needs TALES_CRDS"]
fn a_kind_without_a_crd_is_a_violation() {
    let found = violations("apiVersion: chaos-mesh.org/v1alpha1\nkind: DogChaos\n");
    assert!(found[0].contains("no CRD"), "{found:?}");
}

#[test]
fn the_transform_closes_objects_and_rewrites_openapi_forms() {
    let mut schema = json!({"type": "object", "properties": {
        "a": {"type": "integer", "minimum": 0, "exclusiveMinimum": true, "nullable": true},
        "b": {"type": "object", "properties": {"c": {"type": "string"}}, "x-kubernetes-preserve-unknown-fields": true},
    }});
    make_strict(&mut schema);
    assert_eq!(schema["additionalProperties"], json!(false));
    assert_eq!(
        schema["properties"]["a"],
        json!({"type": ["integer", "null"], "exclusiveMinimum": 0})
    );
    assert!(schema["properties"]["b"].get("additionalProperties").is_none());
}
