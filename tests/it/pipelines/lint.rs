//! The pipelines as those see them who run them: by their own rules.

use std::process::Command;

use e2e::root;

use super::{GITHUB, GITLAB};

/// The stories on kind.
const KIND: &str = ".github/workflows/kind.yml";

/// What a linter has to say, if it is not content.
fn lint(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).current_dir(root()).output();
    let output = output.unwrap_or_else(|why| panic!("{program}: {why}; .ci/run installs it"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
#[ignore = "needs actionlint"]
fn linted_github() {
    lint("actionlint", &["-no-color", GITHUB, KIND, "docs/gate/github-workflow.yml"]);
}

#[test]
#[ignore = "needs check-jsonschema"]
fn linted_gitlab() {
    for file in [GITLAB, "docs/gate/gitlab-ci.yml"] {
        lint("check-jsonschema", &["--builtin-schema", "vendor.gitlab-ci", file]);
    }
    for file in [GITHUB, KIND, "docs/gate/github-workflow.yml"] {
        lint("check-jsonschema", &["--builtin-schema", "vendor.github-workflows", file]);
    }
}

#[test]
#[ignore = "needs shellcheck"]
fn linted_scripts() {
    lint("shellcheck", &[".ci/run", ".ci/memory-gate", ".ci/note", ".ci/scan"]);
}
