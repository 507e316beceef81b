//! The pipelines as those see them who run them: by their own rules.

use std::process::Command;

use e2e::root;

use super::{GITHUB, GITLAB, RELEASE, parsed};

/// The stories on kind.
const KIND: &str = ".github/workflows/kind.yml";

/// What a linter has to say, if it is not content.
fn lint(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).current_dir(root()).output();
    let output = output.unwrap_or_else(|why| panic!("{program}: {why}; .ci/run installs it"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// The pipelines for others, as paths from the project's folder.
fn templates(of: &str) -> Vec<String> {
    let folder = format!("ci/{of}");
    let files = std::fs::read_dir(root().join(&folder)).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut files: Vec<String> = files.map(|file| format!("{folder}/{file}")).collect();
    files.sort();
    assert!(files.len() >= 5, "{files:?}");
    files
}

#[test]
#[ignore = "needs actionlint"]
fn linted_github() {
    let templates = templates("github");
    let files = templates.iter().map(String::as_str);
    lint(
        "actionlint",
        &["-no-color", GITHUB, KIND, RELEASE].into_iter().chain(files).collect::<Vec<_>>(),
    );
}

#[test]
#[ignore = "needs check-jsonschema"]
fn linted_gitlab() {
    let github = [GITHUB, KIND, RELEASE];
    for (schema, own, of) in [
        ("vendor.gitlab-ci", &[GITLAB][..], "gitlab"),
        ("vendor.github-workflows", &github, "github"),
    ] {
        let templates = templates(of);
        let files = own.iter().copied().chain(templates.iter().map(String::as_str));
        let arguments = ["--builtin-schema", schema].into_iter().chain(files);
        lint("check-jsonschema", &arguments.collect::<Vec<_>>());
    }
}

#[test]
#[ignore = "needs shellcheck"]
fn linted_scripts() {
    lint("shellcheck", &[".ci/run", ".ci/memory-gate", "ci/note", ".ci/scan"]);
    // Those of a workflow are looked at by actionlint; those of a job for GitLab as a runner joins
    // them.
    let folder = tempfile::tempdir().unwrap();
    for file in templates("gitlab") {
        let pipeline = parsed(&file);
        for (name, job) in pipeline.as_object().unwrap() {
            for part in ["script", "after_script"] {
                let lines = job[part].as_array().into_iter().flatten();
                let lines: Vec<&str> = lines.map(|line| line.as_str().unwrap()).collect();
                let script = folder.path().join(format!("{name}-{part}"));
                let text = format!("#!/usr/bin/env bash\nset -eo pipefail\n{}\n", lines.join("\n"));
                std::fs::write(&script, text).unwrap();
                lint("shellcheck", &["-e", "SC2154", script.to_str().unwrap()]);
            }
        }
    }
}
