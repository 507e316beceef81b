//! A copy of the project's stories for each test, in a folder of its own, where the `tale` program
//! is run as a user runs it.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(
    clippy::unwrap_used,
    reason = "clippy takes helpers outside of test functions for production code"
)]

mod playing;
pub(crate) mod processes;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;

pub(crate) use playing::{Ended, Playing};

/// The longest wait for anything that has no bound of its own; generous, because the machine may be
/// busy.
pub(crate) const SOON: Duration = Duration::from_secs(300);

/// What the project promises about a kill: within this time nothing is left.
pub(crate) const GONE_WITHIN: Duration = Duration::from_secs(5);

/// A story of ten seconds or so: pods are seen, DNS goes dark, DNS is back.
pub(crate) const SHORT: &str = r#"
  - act: calm
    promises:
      - {metric: 'count(up{job="dns-leaker"} == 1) == 4', within: 60s}
  - act: dark
    chaos: chaos-experiments/dns-leak/dns-error.yaml
    promises:
      - {metric: 'count(rate(dns_lookups_total{result="servfail"}[5s]) > 0) == 4', within: 60s}
  - act: light
    calm: chaos-experiments/dns-leak/dns-error.yaml
    promises:
      - {metric: 'sum(rate(dns_lookups_total{result!="ok"}[2s])) == 0', within: 60s}
"#;

/// A copy of `manifests/`, `tales/` and `chaos-experiments/`; removed at the end.
pub(crate) struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    /// The stories as shipped.
    pub(crate) fn new() -> Self {
        build_pods();
        let folder = tempfile::tempdir().unwrap();
        for part in ["manifests", "tales", "chaos-experiments"] {
            copy(&root().join(part), &folder.path().join(part));
        }
        Self { folder }
    }

    /// As shipped, and the tale `short`.
    pub(crate) fn with_short() -> Self {
        let project = Self::new();
        project.tale("short", SHORT);
        project
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Replaces every occurrence of a text; it has to be there.
    pub(crate) fn edit(&self, file: &str, from: &str, to: &str) {
        let old = fs::read_to_string(self.path().join(file)).unwrap();
        let new = old.replace(from, to);
        assert_ne!(old, new, "{file} does not hold `{from}`");
        self.write(file, &new);
    }

    /// Writes a tale about the dns-leaker pods.
    pub(crate) fn tale(&self, name: &str, acts: &str) {
        let head = format!(
            "name: {name}\ntitle: A test\nteller: Ops\nmanifests: [manifests/base/dns-leaker]\nacts:{acts}"
        );
        self.write(&format!("tales/{name}/tale.yaml"), &head);
    }

    /// Starts `tale` in this folder.
    pub(crate) fn start(&self, args: &[&str]) -> Playing {
        self.start_with_path(args, None)
    }

    /// Starts `tale` with another PATH.
    pub(crate) fn start_with_path(&self, args: &[&str], path: Option<&Path>) -> Playing {
        Playing::start(self.path(), args, path)
    }

    /// Runs `tale` to its end.
    pub(crate) async fn run(&self, args: &[&str]) -> Ended {
        self.start(args).end().await
    }

    /// Where the report of a tale goes if nothing else is said.
    pub(crate) fn report_folder(&self, tale: &str) -> PathBuf {
        self.path().join(".tales/reports").join(tale)
    }

    /// The report of a tale.
    pub(crate) fn report(&self, tale: &str) -> Value {
        report_in(&self.report_folder(tale))
    }

    /// Waits until no process of this folder is left, as the project promises.
    pub(crate) async fn is_left_alone(&self) {
        let gone = eventually(|| processes::of(self.path()).is_empty());
        if tokio::time::timeout(GONE_WITHIN, gone).await.is_err() {
            panic!("left running: {:#?}", processes::of(self.path()));
        }
    }
}

/// The report in a folder.
pub(crate) fn report_in(folder: &Path) -> Value {
    let file = folder.join("report.json");
    let text = fs::read_to_string(&file).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
    serde_json::from_str(&text).unwrap()
}

/// The promises of a report as `(outcome, text)`.
pub(crate) fn outcomes<'r>(report: &'r Value) -> Vec<(&'r str, &'r str)> {
    let word = |one: &'r Value, key: &str| one[key].as_str().unwrap();
    let promises = report["promises"].as_array().unwrap().iter();
    promises.map(|one| (word(one, "outcome"), word(one, "text"))).collect()
}

/// Awaits a condition that nobody announces; give it a time-out.
pub(crate) async fn eventually(mut condition: impl FnMut() -> bool) {
    while !condition() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The project's folder.
pub(crate) fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Cargo builds `tale` for these tests, but not what its pods run: that has to lie beside it.
fn build_pods() {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = Path::new(env!("CARGO_BIN_EXE_tale")).parent().unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--target-dir"]);
        cargo.arg(folder.parent().unwrap()).current_dir(root());
        for pod in ["dns-leaker", "load", "orders", "shop"] {
            cargo.args(["-p", pod]);
        }
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().unwrap().success(), "the pods do not build");
    });
}
