//! The parser and the experiments of this repository against the CRDs of Chaos Mesh.
//!
//! Tests that need the published CRDs are ignored: set `TALES_CRDS` to a folder of CRD files and
//! run with `-- --include-ignored`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use testkit::crd;

/// The files in a folder, sorted.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(folder).expect("the folder exists");
    let mut paths: Vec<PathBuf> =
        listed.map(|entry| entry.expect("a readable entry").path()).collect();
    paths.sort();
    paths
}

fn experiments() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../chaos-experiments");
    let folders =
        entries(&root).into_iter().filter(|path| path.is_dir() && !path.ends_with("litmus"));
    let files: Vec<PathBuf> = folders.flat_map(|folder| entries(&folder)).collect();
    assert!(files.len() >= 9, "experiments not found: {files:?}");
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
fn the_experiments_of_the_sre_tale_have_no_lint() {
    for file in experiments()
        .iter()
        .filter(|file| file.parent().is_some_and(|folder| folder.ends_with("sre")))
    {
        let text = fs::read_to_string(file).unwrap();
        for document in chaos::document::parse(&file.display().to_string(), &text).unwrap() {
            let maximum = chaos::fields::duration::GoDuration::from_nanos(1);
            let lints = document.lints(maximum, jiff::Timestamp::UNIX_EPOCH);
            assert!(lints.is_empty(), "{}: {lints:?}", file.display());
        }
    }
}

#[test]
#[ignore = "needs TALES_CRDS"]
fn every_experiment_in_the_repository_passes_its_crd() {
    let crds = crd::required_folder();
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
        "StressChaos" => {
            json!({"mode": "all", "selector": {}, "stressors": {"cpu": {"workers": 1}, "memory": {"workers": 1}}})
        }
        "HTTPChaos" => {
            json!({"mode": "all", "selector": {}, "target": "Request", "port": 80, "replace": {}, "patch": {"body": {"type": "JSON", "value": "{}"}}})
        }
        "NetworkChaos" => json!({
            "action": "netem", "mode": "all", "selector": {},
            "target": {"mode": "all", "selector": {}},
            "delay": {"latency": "1ms", "reorder": {"reorder": "1", "gap": 1}},
            "loss": {"loss": "1"}, "duplicate": {"duplicate": "1"}, "corrupt": {"corrupt": "1"},
            "rate": {"rate": "1bps"}, "bandwidth": {"rate": "1bps", "limit": 1, "buffer": 1},
        }),
        "StatusCheck" => {
            json!({"type": "HTTP", "http": {"url": "http://a/", "criteria": {"statusCode": "200"}}})
        }
        "Workflow" => {
            json!({"entry": "a", "templates": [{"name": "a", "templateType": "Suspend", "deadline": "1s"}]})
        }
        "Schedule" => {
            json!({"schedule": "@hourly", "type": "DNSChaos", "dnsChaos": base("DNSChaos")})
        }
        other => panic!("{other} is supported: give it a smallest spec here"),
    }
}

/// A value that fits a property's schema.
fn sample(name: &str, schema: &Value) -> Value {
    if let Some(kind) = chaos::kinds::SUPPORTED.iter().find(|kind| kind.schedule_key == name) {
        return base(kind.name);
    }
    match (name, schema["type"].as_str()) {
        ("duration" | "delay", Some("string")) => json!("1m"),
        ("latency" | "jitter", _) => json!("1ms"),
        ("size", _) => json!("1MB"),
        ("rate", Some("string")) => json!("1bps"),
        ("url", _) => json!("http://a/"),
        ("statusCode", _) => json!("200"),
        ("body", Some("string")) => json!("YQ=="),
        ("queries" | "headers", Some("array")) => json!([["a", "b"]]),
        ("method", _) => json!("GET"),
        ("entry", _) => json!("a"),
        ("workflow", _) => base("Workflow"),
        ("templates", _) => base("Workflow")["templates"].clone(),
        ("tls", _) => {
            json!({"certName": "a", "keyName": "b", "secretName": "c", "secretNamespace": "d"})
        }
        (_, Some("boolean")) => json!(true),
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
#[ignore = "needs TALES_CRDS"]
fn every_property_of_the_crds_is_understood_or_refused_by_name() {
    let crds = crd::required_folder();
    let kinds = chaos::kinds::SUPPORTED.iter().map(|kind| kind.name).chain([
        "Schedule",
        "Workflow",
        "StatusCheck",
    ]);
    for kind in kinds {
        let schema = crd::schema(&crds, chaos::document::API_VERSION, kind).unwrap();
        let properties = schema["properties"]["spec"]["properties"].as_object().unwrap();
        let fewest = if kind == "Workflow" { 2 } else { 5 };
        assert!(properties.len() >= fewest, "{kind} has lost its properties");
        for (name, property) in properties {
            // A block of the smallest spec is looked into below.
            if base(kind)[name].is_null() || !property["properties"].is_object() {
                let mut spec = base(kind);
                spec[name] = sample(name, property);
                assert_known(kind, name, &spec);
            }
        }
        nested(kind, &mut Vec::new(), &schema["properties"]["spec"]);
    }
}

/// Every property of the blocks that the smallest spec of a kind has.
fn nested(kind: &str, path: &mut Vec<String>, schema: &Value) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        path.push(name.clone());
        let pointer = format!("/{}", path.join("/"));
        if base(kind).pointer(&pointer).is_some_and(Value::is_object) {
            for (inner, schema) in property["properties"].as_object().into_iter().flatten() {
                let mut spec = base(kind);
                let block = spec.pointer_mut(&pointer).expect("the block is there");
                if !block[inner].is_object() {
                    block[inner] = sample(inner, schema);
                    assert_known(kind, inner, &spec);
                }
            }
            nested(kind, path, property);
        }
        path.pop();
    }
}

#[test]
#[ignore = "needs TALES_CRDS"]
fn every_property_of_a_template_is_understood_or_refused_by_name() {
    let crds = crd::required_folder();
    let schema = crd::schema(&crds, chaos::document::API_VERSION, "Workflow").unwrap();
    let templates = &schema["properties"]["spec"]["properties"]["templates"];
    let properties = templates["items"]["properties"].as_object().unwrap();
    assert!(properties.len() >= 20);
    for name in properties.keys().filter(|name| *name != "name" && *name != "templateType") {
        let mut spec = base("Workflow");
        spec["templates"][0][name] = match name.as_str() {
            "deadline" => json!("1s"),
            "children" => json!(["a"]),
            "conditionalBranches" => json!([{"target": "a", "expression": "true"}]),
            "abortWithStatusCheck" => json!(true),
            _ => json!({}),
        };
        assert_known("Workflow", name, &spec);
    }
}

#[test]
#[ignore = "needs TALES_CRDS"]
fn every_kind_of_the_crds_is_played_or_known_to_be_impossible() {
    let crds = crd::required_folder();
    for file in fs::read_dir(crds.join("chaos-mesh")).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let kind = text.lines().find_map(|line| line.strip_prefix("    kind: ")).unwrap();
        let played = ["Schedule", "StatusCheck", "Workflow"].contains(&kind)
            || chaos::kinds::find(kind).is_some();
        assert!(played != chaos::kinds::is_elsewhere(kind), "{kind}");
    }
}
