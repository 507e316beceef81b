//! The namespace. The files say `default` in four places: in the metadata, in selectors, in DNS
//! names, and in what rules and monitors say about others.

use serde_json::{Value, json};

use super::Notes;
use crate::object::{object_at, text};

/// The namespace of the files.
const WRITTEN: &str = "default";
const WHY: &str = "--namespace";

/// # Errors
/// The document belongs to another namespace than the files do.
pub(super) fn adapt(
    document: &mut Value,
    namespace: &str,
    notes: &mut Notes,
) -> Result<(), String> {
    let written = text(document, "/metadata/namespace");
    if !["", WRITTEN, namespace].contains(&written) {
        return Err(format!(
            "metadata.namespace: a tale lives in the namespace `{WRITTEN}` of its files, and this is `{written}`"
        ));
    }
    let meta = object_at(document, "/metadata");
    if meta.get("namespace").is_none() {
        meta.insert("namespace".to_owned(), json!(WRITTEN));
    }
    if namespace == WRITTEN {
        return Ok(());
    }
    notes.set(meta, "namespace", "metadata.namespace", json!(namespace), WHY);
    if let Some(spec) = document.get_mut("spec") {
        walk(spec, "spec", namespace, notes);
    }
    for list in ["subjects", "data"] {
        if let Some(value) = document.get_mut(list) {
            walk(value, list, namespace, notes);
        }
    }
    Ok(())
}

/// Texts that name the namespace by itself where that is what they are for, and DNS names and
/// matchers anywhere.
fn walk(value: &mut Value, at: &str, namespace: &str, notes: &mut Notes) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                let field = format!("{at}.{key}");
                match (key.as_str(), &mut *value) {
                    ("namespace", Value::String(text)) if text == WRITTEN => {
                        *text = namespace.to_owned();
                        notes.note(&field, WRITTEN.to_owned(), namespace.to_owned(), WHY);
                    }
                    ("namespaces" | "matchNames", Value::Array(names)) => {
                        rename(names, &field, namespace, notes);
                    }
                    // Pods by name: the namespace is the key.
                    ("pods", Value::Object(pods)) => {
                        if let Some(names) = pods.remove(WRITTEN) {
                            pods.insert(namespace.to_owned(), names);
                            notes.note(&field, WRITTEN.to_owned(), namespace.to_owned(), WHY);
                        }
                    }
                    _ => walk(value, &field, namespace, notes),
                }
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter_mut().enumerate() {
                walk(value, &format!("{at}[{index}]"), namespace, notes);
            }
        }
        Value::String(text) => {
            let now =
                text.replace(&format!(".{WRITTEN}.svc"), &format!(".{namespace}.svc")).replace(
                    &format!("namespace=\"{WRITTEN}\""),
                    &format!("namespace=\"{namespace}\""),
                );
            if now != *text {
                notes.note(at, text.clone(), now.clone(), WHY);
                *text = now;
            }
        }
        _ => {}
    }
}

fn rename(names: &mut [Value], field: &str, namespace: &str, notes: &mut Notes) {
    for name in names.iter_mut().filter(|name| **name == WRITTEN) {
        *name = json!(namespace);
        notes.note(field, WRITTEN.to_owned(), namespace.to_owned(), WHY);
    }
}
