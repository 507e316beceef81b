//! The folder of a report, and the contract of `report.json`.

use std::fs;

use serde_json::Value;

use super::samples::{promise, small};
use super::{
    Clock, Outcome, SCHEMA, StageKind, Verdict, chart_file, html, json, junit, markdown, write,
};

#[test]
fn a_report_is_written_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("new").join("folder");
    let report = small();
    let written = write(&folder, &report).unwrap();
    assert_eq!(fs::read_to_string(&written.json).unwrap(), json(&report));
    assert_eq!(fs::read_to_string(&written.html).unwrap(), html(&report));
    assert_eq!(fs::read_to_string(&written.markdown).unwrap(), markdown(&report));
    assert_eq!(fs::read_to_string(&written.junit).unwrap(), junit(&report));
    assert_eq!(written.charts, [folder.join("charts/01-resident-memory.svg")]);
    assert!(written.charts[0].exists());
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = folder.path().join("taken");
    fs::write(&taken, "a file").unwrap();
    let error = write(&taken, &small()).unwrap_err().to_string();
    assert!(error.contains("taken") && error.contains("--out DIR"), "{error}");
}

#[test]
fn a_chart_without_letters_in_its_title_has_a_file_name_too() {
    let mut report = small();
    report.charts[0].title = "../../日本".to_owned();
    assert_eq!(chart_file(&report, 0), "charts/01.svg");
}

#[test]
fn the_markdown_links_to_the_charts_that_are_written() {
    let report = small();
    assert!(markdown(&report).contains(&format!("]({})", chart_file(&report, 0))));
}

#[test]
fn kept_is_true_false_or_null_in_json() {
    let value: Value = serde_json::from_str(&json(&small())).unwrap();
    let kept: Vec<_> = value["promises"]
        .as_array()
        .unwrap()
        .iter()
        .map(|promise| promise["kept"].clone())
        .collect();
    assert_eq!(kept, [Value::Bool(true), Value::Bool(false), Value::Null, Value::Null]);
}

/// Compares keys in both directions; types are left to serde.
fn assert_keys(schema: &Value, node: &Value, value: &Value, path: &str) {
    let node = match node["$ref"].as_str() {
        Some(reference) => {
            schema.pointer(reference.trim_start_matches('#')).expect("references lead somewhere")
        }
        None => node,
    };
    if let Some(branches) = node["oneOf"].as_array() {
        let branch = branches.last().expect("oneOf has branches");
        return assert_keys(schema, branch, value, path);
    }
    match value {
        Value::Object(map) => {
            let declared = node["properties"]
                .as_object()
                .unwrap_or_else(|| panic!("{path} is not in the schema"));
            let keys = |map: &serde_json::Map<String, Value>| {
                map.keys().cloned().collect::<std::collections::BTreeSet<_>>()
            };
            assert_eq!(keys(map), keys(declared), "{path}");
            for (key, value) in map {
                assert_keys(schema, &declared[key], value, &format!("{path}.{key}"));
            }
        }
        Value::Array(items) if node["items"]["type"] != "array" => {
            assert!(!items.is_empty(), "{path} is empty and proves nothing");
            items.iter().for_each(|item| assert_keys(schema, &node["items"], item, path));
        }
        Value::String(word) if node["enum"].is_array() => {
            assert!(
                node["enum"].as_array().is_some_and(|words| words.contains(value)),
                "{path}: {word}"
            );
        }
        _ => {}
    }
}

#[test]
fn the_schema_declares_every_key_that_is_written() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let value: Value = serde_json::from_str(&json(&small())).unwrap();
    assert_keys(&schema, &schema, &value, "report");
}

#[test]
fn the_verdict_is_that_of_the_worst_promise() {
    let verdict = |outcomes: &[Outcome]| {
        let promises: Vec<_> =
            outcomes.iter().map(|outcome| promise("a", "b", "c", *outcome)).collect();
        Verdict::of(&promises)
    };
    assert_eq!(verdict(&[Outcome::Kept, Outcome::Kept]), Verdict::Kept);
    assert_eq!(verdict(&[Outcome::Kept, Outcome::NotReached]), Verdict::Undecided);
    assert_eq!(verdict(&[Outcome::Undecided, Outcome::Broken]), Verdict::Broken);
    assert_eq!(verdict(&[]), Verdict::Undecided, "a tale that promises nothing proves nothing");
}

#[test]
fn a_verdict_that_no_promise_explains_is_not_green_in_junit() {
    let mut report = small();
    report.promises.clear();
    report.verdict = Verdict::Undecided;
    report.notes = vec!["prometheus is missing".to_owned()];
    let xml = junit(&report);
    assert!(xml.contains("errors=\"1\"") && xml.contains("prometheus is missing</error>"), "{xml}");
}

#[test]
fn the_command_to_play_it_again_names_what_is_not_the_default() {
    let mut report = small();
    report.seed = None;
    report.clock = Clock::Real;
    assert!(html(&report).contains("./tale play dns-leak --clock real<"));
    report.stage = StageKind::Cluster;
    assert!(html(&report).contains("./tale play dns-leak --on cluster<"));
}
