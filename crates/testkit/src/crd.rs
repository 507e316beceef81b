//! Strict validation of manifests against CustomResourceDefinitions, without a cluster.
//!
//! Kubernetes prunes unknown fields in silence; here they are errors. The schema of a CRD is turned
//! into plain JSON Schema: `nullable` becomes a type, boolean `exclusiveMinimum` a number, and
//! every object with known properties is closed.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

/// Environment variable that names the folder of CRD files.
pub const FOLDER_VARIABLE: &str = "TALES_CRDS";

/// The folder of CRD files, for tests that are `#[ignore = "needs TALES_CRDS"]`.
///
/// # Panics
/// [`FOLDER_VARIABLE`] is unset.
#[must_use]
pub fn required_folder() -> PathBuf {
    let folder = std::env::var_os(FOLDER_VARIABLE).unwrap_or_else(|| {
        panic!("set {FOLDER_VARIABLE} to a folder of CRD files, or run without --include-ignored")
    });
    PathBuf::from(folder)
}

/// Validates every document of `yaml_text` against the CRDs found below `crds`.
///
/// # Errors
/// One line for each violation: document number, path, reason. Unreadable files and kinds without a
/// CRD count too.
pub fn validate(crds: &Path, yaml_text: &str) -> Result<(), Vec<String>> {
    let documents: Vec<Value> =
        serde_saphyr::from_multiple(yaml_text).map_err(|error| vec![error.to_string()])?;
    let mut violations = Vec::new();
    for (index, document) in documents.iter().enumerate() {
        let found = schema_of(crds, document).and_then(|schema| check(&schema, document));
        violations.extend(
            found.err().into_iter().flatten().map(|line| format!("document {}: {line}", index + 1)),
        );
    }
    if violations.is_empty() { Ok(()) } else { Err(violations) }
}

/// The OpenAPI schema of a kind, as it stands in its CRD.
///
/// # Errors
/// No CRD below `crds` serves this version of this kind, or a file cannot be read.
pub fn schema(crds: &Path, api_version: &str, kind: &str) -> Result<Value, String> {
    let (group, version) = api_version
        .split_once('/')
        .ok_or_else(|| format!("apiVersion `{api_version}` has no group"))?;
    for file in yaml_files(crds)? {
        let text =
            fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        // Parsing a CRD takes longer than looking at its text, and most files are about another
        // kind.
        if !text.contains(&format!("kind: {kind}\n"))
            || !text.contains(&format!("group: {group}\n"))
        {
            continue;
        }
        let crd: Value = serde_saphyr::from_str_with_options(&text, trusted())
            .map_err(|error| format!("{}: {error}", file.display()))?;
        let versions = crd["spec"]["versions"].as_array().into_iter().flatten();
        if let Some(found) = versions
            .into_iter()
            .find(|served| served["name"] == version && crd["spec"]["names"]["kind"] == kind)
        {
            return Ok(found["schema"]["openAPIV3Schema"].clone());
        }
    }
    Err(format!("no CRD below {} describes {api_version} {kind}", crds.display()))
}

fn schema_of(crds: &Path, document: &Value) -> Result<Value, Vec<String>> {
    let text =
        |key: &str| document[key].as_str().ok_or_else(|| vec![format!("`{key}` is missing")]);
    schema(crds, text("apiVersion")?, text("kind")?).map_err(|error| vec![error])
}

fn check(schema: &Value, document: &Value) -> Result<(), Vec<String>> {
    let mut strict = schema.clone();
    make_strict(&mut strict);
    // A CRD leaves `metadata` to the API server.
    strict["properties"]["metadata"] = json!({"type": "object"});
    let validator = jsonschema::validator_for(&strict)
        .map_err(|error| vec![format!("the CRD's schema: {error}")])?;
    let violations: Vec<String> = validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    if violations.is_empty() { Ok(()) } else { Err(violations) }
}

fn make_strict(schema: &mut Value) {
    if let Value::Array(items) = schema {
        items.iter_mut().for_each(make_strict);
    }
    let Value::Object(node) = schema else { return };
    numeric_bound(node, "exclusiveMinimum", "minimum");
    numeric_bound(node, "exclusiveMaximum", "maximum");
    if node.get("x-kubernetes-int-or-string") == Some(&json!(true)) {
        node.remove("type");
    }
    if node.get("nullable") == Some(&json!(true)) {
        allow_null(node);
    }
    let closed = node.get("properties").is_some_and(Value::is_object)
        && !node.contains_key("additionalProperties")
        && node.get("x-kubernetes-preserve-unknown-fields") != Some(&json!(true));
    if closed {
        node.insert("additionalProperties".to_owned(), json!(false));
    }
    node.values_mut().for_each(make_strict);
}

/// OpenAPI 3.0 marks a bound as exclusive with a boolean, JSON Schema with the number itself.
fn numeric_bound(node: &mut Map<String, Value>, exclusive: &str, bound: &str) {
    match node.get(exclusive) {
        Some(Value::Bool(true)) => {
            if let Some(value) = node.remove(bound) {
                node.insert(exclusive.to_owned(), value);
            }
        }
        Some(Value::Bool(false)) => {
            node.remove(exclusive);
        }
        _ => {}
    }
}

fn allow_null(node: &mut Map<String, Value>) {
    node.remove("nullable");
    if let Some(Value::String(kind)) = node.get("type") {
        let kinds = json!([kind, "null"]);
        node.insert("type".to_owned(), kinds);
    }
}

fn yaml_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| format!("{}: {error}", folder.display()))?.path();
        if path.is_dir() {
            files.extend(yaml_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// CRDs are large and come from a trusted folder, so the parser's limits for strangers' files do
/// not apply.
fn trusted() -> serde_saphyr::Options {
    serde_saphyr::options! { budget: None }
}

#[cfg(test)]
mod tests;
