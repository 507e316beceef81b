//! `tale slo`: what it prints is what Prometheus takes, and mistakes are told with file, field and
//! remedy.
#![allow(clippy::unwrap_used, reason = "a test has nobody to return an error to")]

use std::process::{Command, Output};

fn tale(args: &[&str]) -> Output {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    Command::new(env!("CARGO_BIN_EXE_tale")).args(args).current_dir(root).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn compiled_rules_are_the_generated_ones() {
    let output = tale(&["slo", "compile", "manifests/slo"]);
    assert!(output.status.success());
    let generated =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../manifests/generated/rules/real/slos.rules.yml");
    assert_eq!(stdout(&output), std::fs::read_to_string(generated).unwrap());
    let stage = tale(&[
        "slo",
        "compile",
        "manifests/slo",
        "--clock",
        "stage",
        "--format",
        "prometheusrule",
    ]);
    assert!(stdout(&stage).contains("kind: PrometheusRule"));
}

#[test]
fn lint_is_content_with_the_shipped_objectives() {
    let output = tale(&["slo", "lint", "manifests/slo/dns-leaker.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
}

#[test]
fn a_mistake_is_told_with_file_field_and_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wrong.yaml");
    let text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../manifests/slo/dns-leaker.yaml"
    ))
    .unwrap();
    std::fs::write(&file, text.replace("      target: 0.99", "      tarrget: 0.99")).unwrap();
    let output = tale(&["slo", "lint", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let found = stdout(&output);
    assert!(
        found.contains("wrong.yaml") && found.contains("tarrget") && found.contains("target"),
        "{found}"
    );
    let output = tale(&["slo", "lint", "no-such-file.yaml"]);
    assert_eq!(output.status.code(), Some(2));
}
