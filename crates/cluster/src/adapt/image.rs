//! The image: a tag that names its content, taken from the node when it lies there.
//!
//! `tales:latest` could not start on kind or k3s: the tag `latest` means "always pull", and there
//! is nowhere to pull it from.

use serde_json::{Value, json};

use super::Notes;

/// The name of the project's image in manifests, with any tag.
const NAME: &str = "tales";

pub(super) fn adapt(document: &mut Value, image: &str, notes: &mut Notes) {
    for list in ["initContainers", "containers"] {
        let found = document.pointer_mut(&format!("/spec/template/spec/{list}"));
        let containers = found.and_then(Value::as_array_mut).into_iter().flatten();
        for (index, container) in containers.enumerate() {
            let Some(container) = container.as_object_mut() else { continue };
            let named = container.get("image").and_then(Value::as_str).unwrap_or_default();
            if named.split(':').next() != Some(NAME) {
                continue;
            }
            let field = |name: &str| format!("spec.template.spec.{list}[{index}].{name}");
            let why = "the tag names the content";
            notes.set(container, "image", &field("image"), json!(image), why);
            let (policy, why) = ("imagePullPolicy", "what lies on the node is used");
            notes.set(container, policy, &field(policy), json!("IfNotPresent"), why);
        }
    }
}
