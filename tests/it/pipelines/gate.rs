//! The memory gate, step by step as the pipelines take it, on both example branches.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::root;

use super::gitlab;

/// Where the branches are built: always at the same place, so that only `hello` is compiled anew.
fn source() -> PathBuf {
    root().join("target/left-shift/source")
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}

/// The project's own files, without what was built of them.
fn copy_source() {
    let to = source();
    let _ = fs::remove_dir_all(&to);
    fs::create_dir_all(&to).unwrap();
    for part in
        ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "crates", "load", "services", "tests"]
    {
        run(Command::new("cp").arg("-r").arg(root().join(part)).arg(&to));
    }
    for part in ["manifests", "chaos-experiments", "tales"] {
        run(Command::new("ln").arg("-s").arg(root().join(part)).arg(&to));
    }
}

/// `hello` with a patch, or as it is.
fn hello(patch: Option<&str>, to: &Path) {
    let patch = patch.map(|name| root().join(format!("docs/workshop/left-shift/{name}.patch")));
    let apply = |more: &[&str]| {
        if let Some(patch) = &patch {
            // Not as a part of the repository around it.
            let mut git = Command::new("git");
            git.env("GIT_CEILING_DIRECTORIES", root().join("target/left-shift"));
            run(git.arg("apply").args(more).arg(patch).current_dir(source()));
        }
    };
    apply(&[]);
    let target = root().join("target/left-shift/target");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--locked", "-p", "hello", "--target-dir"]).arg(&target);
    run(cargo.current_dir(source()));
    apply(&["--reverse"]);
    fs::copy(target.join("debug/hello"), to).unwrap();
}

/// A checkout in which everything is built.
struct Checkout(PathBuf);

impl Checkout {
    fn new(name: &str, patch: Option<&str>) -> Self {
        let folder = root().join("target/left-shift").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("bin")).unwrap();
        for part in [".ci", "ci", "manifests", "docs", "tales", "tale"] {
            run(Command::new("cp").arg("-r").arg(root().join(part)).arg(&folder));
        }
        for program in ["tale", "load"] {
            let built = std::env::current_exe().unwrap();
            let built = built.ancestors().nth(2).unwrap().join(program);
            assert!(built.exists(), "{}: cargo build -p {program}", built.display());
            fs::copy(built, folder.join("bin").join(program)).unwrap();
        }
        hello(patch, &folder.join("bin/hello"));
        Self(folder)
    }

    /// Takes a step as the pipeline does; its exit code and what it said.
    fn step(&self, line: &str) -> (Option<i32>, String) {
        let mut bash = Command::new("bash");
        bash.args(["-eo", "pipefail", "-c", line]).current_dir(&self.0);
        for other in ["TALES_HOME", "TALES_BIN", "GITHUB_STEP_SUMMARY", "CI_MERGE_REQUEST_IID"] {
            bash.env_remove(other);
        }
        let output = bash.output().unwrap();
        let said =
            [output.stdout, output.stderr].map(|it| String::from_utf8_lossy(&it).into_owned());
        (output.status.code(), said.concat())
    }

    /// Takes all steps of a job; ends like a runner after the first one that fails, and with what
    /// comes after in any case.
    fn job(&self, name: &str) -> (Option<i32>, String) {
        let (mut code, mut all) = (Some(0), String::new());
        for line in gitlab(name) {
            let after = line.ends_with(" note") || line.ends_with(" down");
            if code == Some(0) || after {
                let (ended, said) = self.step(&line);
                all.push_str(&said);
                code = if code == Some(0) { ended } else { code };
            }
        }
        (code, all)
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.0.join("target/memory-gate").join(file)).unwrap_or_default()
    }
}

#[test]
#[ignore = "builds hello three times and takes the machine for minutes"]
fn the_memory_gate_refuses_the_branch_that_leaks_and_no_other() {
    copy_source();
    let main = Checkout::new("main", None);
    let (code, said) = main.job("memory-baseline");
    assert_eq!(code, Some(0), "{said}");
    let baseline = main.read("baseline.json");
    assert!(baseline.contains("hello/memory-per-request/gate"), "{baseline}");
    let rounds = std::env::var("TALES_ROUNDS").map_or(1, |rounds| rounds.parse().unwrap());
    for (patch, wanted) in [("leaks", 1), ("bounded", 0)] {
        let branch = Checkout::new(patch, Some(patch));
        for round in 0..rounds {
            // What the cache brings.
            let there = branch.0.join("target/memory-gate");
            fs::create_dir_all(&there).unwrap();
            fs::write(there.join("baseline.json"), &baseline).unwrap();
            let (code, said) = branch.job("memory-gate");
            assert_eq!(code, Some(wanted), "{patch}, round {round}: {said}");
            let (junit, note) = (branch.read("gate.xml"), branch.read("gate.md"));
            assert_eq!(junit.contains("<failure"), patch == "leaks", "{junit}");
            assert!(note.starts_with("<!-- tales: gate -->"), "{note}");
            assert!(branch.read("metrics.txt").contains("service=\"hello\""));
        }
    }
}
