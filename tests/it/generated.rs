//! Generated files are up to date, and Prometheus accepts them.

use std::path::PathBuf;

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

fn promtool(args: &[&str], files: &[PathBuf]) {
    let files: Vec<&str> = files.iter().map(|file| file.to_str().unwrap()).collect();
    testkit::promtool::run(&root(), &[args, &files].concat()).expect_code(0);
}
