//! Generated files are up to date, and Prometheus accepts them.

use std::process::Command;

use e2e::{files, root};

#[test]
fn generated_files_are_what_tale_gen_would_write() {
    let stale = tale::verbs::generate::stale(&root()).unwrap();
    assert!(stale.is_empty(), "run `./tale gen`: {stale:?}");
}

#[test]
fn promtool_accepts_the_rules_and_their_tests() {
    let folder = root().join("manifests/generated/rules");
    let rules = files(&folder, ".rules.yml");
    assert_eq!(rules.len(), 2, "one per clock");
    promtool(&["check", "rules"], &rules);
    let tests = files(&folder, ".test.yaml");
    assert!(!tests.is_empty(), "there are no promtool tests below {}", folder.display());
    promtool(&["test", "rules"], &tests);
}

fn promtool(args: &[&str], files: &[std::path::PathBuf]) {
    let output = Command::new("promtool")
        .args(args)
        .args(files)
        .output()
        .unwrap_or_else(|why| panic!("promtool: {why}; apt-get install prometheus"));
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "promtool {args:?}: {text}");
}
