//! `tale gate` when it cannot see: that is no pass, in any format.
use std::process::{Command, Output};

const SLO: &str = "manifests/slo/dns-leaker.yaml";
/// Nobody listens there.
const DEAD: &str = "http://127.0.0.1:9";

fn gate(args: &[&str]) -> Output {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tale"));
    command.args(["gate", SLO]).args(args).current_dir(root).output().unwrap()
}

#[test]
fn a_prometheus_that_does_not_answer_is_inconclusive_in_every_format() {
    for format in ["text", "json", "junit", "markdown", "gitlab", "github"] {
        let output = gate(&["--prometheus", DEAD, "--format", format]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(2), "{format}: {text}");
        assert!(!text.is_empty(), "{format}");
        if format == "text" || format == "json" || format == "markdown" {
            assert!(text.contains("inconclusive"), "{format}: {text}");
        }
    }
}

#[test]
fn nothing_seen_leaves_the_baseline_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("b.json");
    let good = "{\"schema\": 1, \"values\": {\"dns-leaker/memory-growth/gate\": 10000000}}";
    std::fs::write(&file, good).unwrap();
    let path = file.to_str().unwrap();
    let output = gate(&["--prometheus", DEAD, "--baseline", path, "--pin", path]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("nothing is pinned") && error.contains("The query failed"), "{error}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), good);
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 1, "no file beside it");
}

#[test]
fn wrong_arguments_are_told_with_what_to_write() {
    for (args, wanted) in [
        (&["--prometheus", DEAD, "--last", "5 minutes"][..], "--last"),
        (&["--prometheus", DEAD, "--baseline", "/nonexistent.json"], "/nonexistent.json"),
    ] {
        let output = gate(args);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(wanted), "{error}");
    }
}
