//! The parser and the experiments of this repository against the CRDs of Chaos Mesh.
//!
//! Set `TALES_CRDS` to a folder of CRD files; without it these tests say so and pass.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use testkit::crd;

/// The files in a folder, sorted.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(folder).expect("the folder exists");
    let mut paths: Vec<PathBuf> = listed
        .map(|entry| entry.expect("a readable entry").path())
        .collect();
    paths.sort();
    paths
}

fn experiments() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../chaos-experiments");
    let folders = entries(&root)
        .into_iter()
        .filter(|path| path.is_dir() && !path.ends_with("litmus"));
    let files: Vec<PathBuf> = folders.flat_map(|folder| entries(&folder)).collect();
    assert!(files.len() >= 5, "experiments not found: {files:?}");
    files
}

#[test]
fn every_experiment_in_the_repository_can_be_played_without_refusal() {
    for file in experiments() {
        let text = fs::read_to_string(&file).unwrap();
        for document in chaos::document::parse(&file.display().to_string(), &text).unwrap() {
            assert!(
                document.refusals().is_empty(),
                "{}: {:?}",
                file.display(),
                document.refusals()
            );
        }
    }
}

#[test]
fn every_experiment_in_the_repository_passes_its_crd() {
    let Some(crds) = crd::folder() else { return };
    for file in experiments() {
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(crd::validate(&crds, &text), Ok(()), "{}", file.display());
    }
}

/// A smallest valid spec of each kind.
fn base(kind: &str) -> Value {
    match kind {
        "DNSChaos" => json!({"action": "error", "mode": "all", "selector": {}}),
        "PodChaos" => json!({"action": "pod-failure", "mode": "all", "selector": {}}),
        "Schedule" => {
            json!({"schedule": "@hourly", "type": "DNSChaos", "dnsChaos": base("DNSChaos")})
        }
        other => panic!("{other} is supported: give it a smallest spec here"),
    }
}

/// A value that fits a property's schema.
fn sample(name: &str, schema: &Value) -> Value {
    if let Some(kind) = chaos::kind::SUPPORTED
        .iter()
        .find(|kind| kind.schedule_key == name)
    {
        return base(kind.name);
    }
    match (name, schema["type"].as_str()) {
        ("duration", _) => json!("1m"),
        ("podPhaseSelectors", _) => json!(["Running"]),
        ("fieldSelectors", _) => json!({"metadata.name": "x"}),
        ("expressionSelectors", _) => json!([{"key": "a", "operator": "In", "values": ["b"]}]),
        ("schedule", _) => json!("@hourly"),
        ("type", _) => json!("DNSChaos"),
        _ if schema["enum"].is_array() => schema["enum"][0].clone(),
        (_, Some("string")) => json!("1"),
        (_, Some("integer")) => json!(1),
        (_, Some("array")) => json!(["x"]),
        (_, Some("object")) if schema["additionalProperties"]["type"] == "array" => {
            json!({"x": ["y"]})
        }
        (_, Some("object")) if schema["additionalProperties"].is_object() => json!({"x": "y"}),
        (_, Some("object")) => json!({}),
        (_, other) => panic!("no sample for {name} of type {other:?}"),
    }
}

/// Parses `spec`; a property must be understood, or refused in words that name it.
fn assert_known(kind: &str, property: &str, spec: &Value) {
    let document = json!({"apiVersion": chaos::document::API_VERSION, "kind": kind, "metadata": {"name": "x"}, "spec": spec});
    match chaos::document::parse("crd.yaml", &document.to_string()) {
        Ok(_) => {}
        Err(error) => {
            let message = error.to_string();
            let named =
                message.contains(&format!(".{property}:")) || message.contains("spec.type: type ");
            assert!(
                named && !message.contains("unknown field"),
                "{kind} does not know {property}: {message}"
            );
        }
    }
}

#[test]
fn every_property_of_the_crds_is_understood_or_refused_by_name() {
    let Some(crds) = crd::folder() else { return };
    let kinds = chaos::kind::SUPPORTED
        .iter()
        .map(|kind| kind.name)
        .chain(["Schedule"]);
    for kind in kinds {
        let schema = crd::schema(&crds, chaos::document::API_VERSION, kind).unwrap();
        let properties = schema["properties"]["spec"]["properties"]
            .as_object()
            .unwrap();
        assert!(properties.len() >= 5, "{kind} has lost its properties");
        for (name, property) in properties {
            let mut spec = base(kind);
            spec[name] = sample(name, property);
            assert_known(kind, name, &spec);
        }
        for (name, property) in properties
            .get("selector")
            .and_then(|selector| selector["properties"].as_object())
            .into_iter()
            .flatten()
        {
            let mut spec = base(kind);
            spec["selector"][name] = sample(name, property);
            assert_known(kind, name, &spec);
        }
    }
}

#[test]
fn every_kind_of_the_crds_is_played_or_known_to_be_impossible() {
    let Some(crds) = crd::folder() else { return };
    for file in fs::read_dir(crds.join("chaos-mesh")).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let kind = text
            .lines()
            .find_map(|line| line.strip_prefix("    kind: "))
            .unwrap();
        let played = kind == "Schedule" || chaos::kind::find(kind).is_some();
        assert!(played != chaos::kind::ELSEWHERE.contains(&kind), "{kind}");
    }
}
