//! The pipelines of GitLab and GitHub: both take the same steps, every step exists, and the steps
//! do what they are for: the memory gate refuses a branch that leaks, and lets one pass that does
//! not.

mod gate;
mod lint;
mod note;

use std::fs;
use std::process::Command;

use e2e::root;
use serde_json::Value;

const GITLAB: &str = ".gitlab-ci.yml";
const GITHUB: &str = ".github/workflows/merge-request.yml";
const RELEASE: &str = ".github/workflows/release.yml";

fn parsed(file: &str) -> Value {
    serde_saphyr::from_str(&fs::read_to_string(root().join(file)).unwrap()).unwrap()
}

/// The commands of a job, as GitLab runs them.
fn gitlab(job: &str) -> Vec<String> {
    let pipeline = parsed(GITLAB);
    let of = |part: &str| pipeline[job][part].as_array().cloned().unwrap_or_default();
    let lines = [of("script"), of("after_script")].concat();
    lines.iter().map(|line| line.as_str().unwrap().to_owned()).collect()
}

/// The commands of a job, as GitHub runs them for an event.
fn github(job: &str, event: &str) -> Vec<String> {
    let workflow = parsed(GITHUB);
    let steps = workflow["jobs"][job]["steps"].as_array().unwrap().clone();
    let other = if event == "push" { "pull_request" } else { "push" };
    let is_for = |step: &&Value| {
        let condition = step["if"].as_str().unwrap_or_default();
        !condition.contains(&format!("github.event_name == '{other}'"))
    };
    let lines = steps.iter().filter(is_for).filter_map(|step| step["run"].as_str());
    lines.filter(|line| line.starts_with(".ci/")).map(str::to_owned).collect()
}

#[test]
fn both_take_the_same_steps() {
    assert_eq!(gitlab("check"), github("check", "push"));
    assert_eq!(gitlab("memory-gate"), github("memory-gate", "pull_request"));
    assert_eq!(gitlab("memory-baseline"), github("memory-gate", "push"));
    assert_eq!(gitlab("scan"), github("scan", "push"));
}

#[test]
fn every_step_is_one_that_the_script_has() {
    for line in [gitlab("memory-gate"), gitlab("memory-baseline"), gitlab("scan")].concat() {
        let (script, steps) = line.split_once(' ').unwrap();
        let text = fs::read_to_string(root().join(script)).unwrap();
        for step in steps.split(' ') {
            assert!(text.contains(&format!("\nstep_{step}() {{")), "{line}: no step {step}");
        }
    }
    let status = Command::new(root().join(".ci/memory-gate")).arg("nonsense").status().unwrap();
    assert_eq!(status.code(), Some(2));
}

#[test]
fn what_a_job_publishes_is_what_the_gate_writes() {
    let script = fs::read_to_string(root().join(".ci/memory-gate")).unwrap();
    let artifacts = &parsed(GITLAB)["memory-gate"]["artifacts"];
    let mut published: Vec<String> = artifacts["paths"]
        .as_array()
        .unwrap()
        .iter()
        .chain(artifacts["reports"].as_object().unwrap().values())
        .map(|path| path.as_str().unwrap().trim_start_matches("target/memory-gate/").to_owned())
        .collect();
    published.sort();
    assert_eq!(published, ["gate.html", "gate.md", "gate.xml", "metrics.txt"]);
    for file in published {
        assert!(script.contains(&format!("=$out/{file}\"")), "nobody writes {file}");
    }
}

#[test]
fn both_example_branches_can_be_applied() {
    for patch in ["leaks", "bounded"] {
        let file = root().join(format!("docs/workshop/left-shift/{patch}.patch"));
        // Without `--index` it needs no repository.
        let mut git = Command::new("git");
        let status =
            git.args(["apply", "--check"]).arg(&file).current_dir(root()).status().unwrap();
        assert!(status.success(), "{patch}.patch does not fit any more: make it anew");
    }
}
