//! An object of Kubernetes as it travels, and whose it is.

use serde_json::{Map, Value, json};

/// The label that says that this program brought an object.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Its value.
pub const TALE: &str = "tale";
/// The label that says which stage an object belongs to: that of a namespace.
pub const STAGE: &str = "tales.dev/stage";

/// The query that selects the objects of the stage of a namespace.
pub fn selector(namespace: &str) -> String {
    format!("?labelSelector={MANAGED_BY}%3D{TALE}%2C{STAGE}%3D{namespace}").replace('/', "%2F")
}

/// The labels of a stage's objects.
pub fn labels(namespace: &str) -> Value {
    json!({MANAGED_BY: TALE, STAGE: namespace})
}

/// Whether this program brought an object for the stage of this namespace.
pub fn is_ours(object: &Value, namespace: &str) -> bool {
    let label = |name: &str| object.pointer("/metadata/labels").and_then(|labels| labels.get(name));
    label(MANAGED_BY).is_some_and(|value| value == TALE)
        && label(STAGE).is_some_and(|value| value == namespace)
}

/// Puts the labels of a stage on an object, and on the pods that it makes.
pub fn mark(object: &mut Value, namespace: &str) {
    for place in ["/metadata", "/spec/template/metadata"] {
        if place == "/metadata" || object.pointer("/spec/template/spec/containers").is_some() {
            let map = object_at(object, place);
            let labels = map.entry("labels").or_insert_with(|| json!({}));
            if let (Some(labels), Some(ours)) =
                (labels.as_object_mut(), self::labels(namespace).as_object())
            {
                labels.extend(ours.clone());
            }
        }
    }
}

/// The map at a pointer, made where it is missing.
pub fn object_at<'v>(value: &'v mut Value, pointer: &str) -> &'v mut Map<String, Value> {
    let mut here = value;
    for part in pointer.split('/').filter(|part| !part.is_empty()) {
        if !here.is_object() {
            *here = json!({});
        }
        here = &mut here[part];
    }
    if !here.is_object() {
        *here = json!({});
    }
    here.as_object_mut().expect("it was just made")
}

/// Text at a pointer; empty where there is none.
pub fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A number at a pointer; 0 where there is none.
pub fn number(value: &Value, pointer: &str) -> u32 {
    let number = value.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A list at a pointer; empty where there is none.
pub fn items<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The name of an object.
pub fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

/// `Kind/name`.
pub fn title(object: &Value) -> String {
    format!("{}/{}", text(object, "/kind"), name(object))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_knows_its_own_objects() {
        let template = json!({"spec": {"containers": [{"name": "a"}]}});
        let mut object = json!({"kind": "Deployment", "metadata": {"name": "a", "labels": {"x": "y"}},
            "spec": {"template": template}});
        assert!(!is_ours(&object, "demo"));
        mark(&mut object, "demo");
        assert!(is_ours(&object, "demo") && !is_ours(&object, "other"));
        assert_eq!(text(&object, "/metadata/labels/x"), "y");
        assert!(is_ours(object.pointer("/spec/template").unwrap(), "demo"));
    }
}
