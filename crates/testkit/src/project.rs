//! A copy of the project's stories for each test, in a folder of its own, where the `tale` program
//! is run as a user runs it. No stage outlives it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::processes;
use crate::program::{Ended, Running, was_starved};
use crate::turn::Turn;
use crate::wait::until;

/// What the project promises about a kill: within this time nothing is left.
pub const GONE_WITHIN: Duration = Duration::from_secs(5);

/// The programs that pods of the shipped manifests run.
const PODS: [&str; 9] = [
    "dns-leaker",
    "hello",
    "load",
    "nameserver",
    "orders",
    "pull-limit-exporter",
    "registry",
    "shop",
    "zone-exporter",
];

/// What a user's environment, or a container's, may say about the project.
const FROM_OUTSIDE: [&str; 4] = ["TALES_HOME", "TALES_LISTEN", "TALES_OUT", "TALES_STATE"];

/// A copy of `manifests/`, `tales/` and `chaos-experiments/`, and a [`Turn`]. At the end its stage
/// is taken down, the folder removed, and the turn given back.
#[derive(Debug)]
pub struct Project {
    tale: PathBuf,
    folder: TempDir,
    turn: Arc<Turn>,
}

impl Project {
    /// The stories as shipped, in a shared turn. `tale` is the program, which only the tests of its
    /// own crate know: `env!("CARGO_BIN_EXE_tale")`.
    ///
    /// # Panics
    /// The programs of the pods do not build, or this test has a project already.
    pub async fn new(tale: &str) -> Self {
        Self::in_turn(tale.into(), Turn::shared().await.into())
    }

    /// The same for a long story: at most one like it, or two others, are told beside it.
    ///
    /// # Panics
    /// As [`Self::new`].
    pub async fn half(tale: &str) -> Self {
        Self::in_turn(tale.into(), Turn::half().await.into())
    }

    /// The same for a test that measures under load: no other one has a project meanwhile.
    ///
    /// # Panics
    /// As [`Self::new`].
    pub async fn alone(tale: &str) -> Self {
        Self::in_turn(tale.into(), Turn::alone().await.into())
    }

    /// One more copy as shipped, in the same turn.
    pub fn another(&self) -> Self {
        Self::in_turn(self.tale.clone(), Arc::clone(&self.turn))
    }

    fn in_turn(tale: PathBuf, turn: Arc<Turn>) -> Self {
        build_pods(&tale);
        let folder = tempfile::tempdir().unwrap();
        copy_stories(folder.path());
        Self { tale, folder, turn }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file, in a folder that need not exist.
    ///
    /// # Panics
    /// It cannot be written.
    pub fn write(&self, file: &str, text: &str) {
        let path = self.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A file as it is now.
    ///
    /// # Panics
    /// There is no such file.
    pub fn read(&self, file: &str) -> String {
        let path = self.path().join(file);
        fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
    }

    /// Replaces every occurrence of a text.
    ///
    /// # Panics
    /// It does not occur.
    pub fn edit(&self, file: &str, from: &str, to: &str) {
        let old = self.read(file);
        let new = old.replace(from, to);
        assert_ne!(old, new, "{file} does not hold `{from}`");
        self.write(file, &new);
    }

    /// `tale` in this folder, without standard input.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.tale);
        command.args(args).current_dir(self.path()).stdin(Stdio::null());
        for name in FROM_OUTSIDE {
            command.env_remove(name);
        }
        command
    }

    /// Starts `tale`.
    pub fn start(&self, args: &[&str]) -> Running {
        Running::start(&mut self.command(args))
    }

    /// Runs `tale` to its end. A play that the machine had no time for has told nothing, and is
    /// played again, twice at most.
    pub async fn run(&self, args: &[&str]) -> Ended {
        let mut ended = self.start(args).end().await;
        for _ in 0..2 {
            if was_starved(ended.code, &ended.stderr) {
                ended = self.start(args).end().await;
            }
        }
        ended
    }

    /// Runs `tale`, which must succeed; what it printed.
    ///
    /// # Panics
    /// It fails.
    pub async fn ok(&self, args: &[&str]) -> String {
        self.run(args).await.expect_code(0).stdout
    }

    /// Where the newest report of a tale is, unless `--out` said otherwise.
    pub fn report_folder(&self, tale: &str) -> PathBuf {
        self.path().join(".tales/reports").join(tale).join("latest")
    }

    /// The report of a tale.
    ///
    /// # Panics
    /// There is none.
    pub fn report(&self, tale: &str) -> Value {
        let text = self.read(&format!(".tales/reports/{tale}/latest/report.json"));
        serde_json::from_str(&text).unwrap()
    }

    /// Waits until no process of this folder is left, as long as the project promises.
    ///
    /// # Panics
    /// Something is left.
    pub async fn is_left_alone(&self) {
        self.is_left_alone_within(GONE_WITHIN).await;
    }

    /// Waits until no process of this folder is left.
    ///
    /// # Panics
    /// Something is left after `span`.
    pub async fn is_left_alone_within(&self, span: Duration) {
        let gone = until(async || processes::of(self.path()).is_empty().then_some(()));
        if tokio::time::timeout(span, gone).await.is_err() {
            panic!("left running: {:#?}", processes::of(self.path()));
        }
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        // A stage of `tale up` outlives the command that started it.
        if self.path().join(".tales/up").exists() {
            let mut down = std::process::Command::new(&self.tale);
            down.arg("down").current_dir(self.path());
            for name in FROM_OUTSIDE {
                down.env_remove(name);
            }
            let _ = down.stdin(Stdio::null()).output();
        }
    }
}

/// The stories as shipped, and what they are made of, into a folder.
///
/// # Panics
/// A file cannot be copied.
pub fn copy_stories(folder: &Path) {
    for part in ["manifests", "tales", "chaos-experiments"] {
        copy(&root().join(part), &folder.join(part));
    }
}

/// The folder of this checkout.
pub fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("this crate lies two folders below it")
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

/// Cargo builds `tale` for its tests, but not what its pods run: that has to lie beside it. Built
/// once per process, unless `TALES_BUILT` says that whoever runs all tests has done it.
fn build_pods(tale: &Path) {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = tale.parent().unwrap();
        if std::env::var_os("TALES_BUILT").is_some() {
            assert!(
                PODS.iter().all(|pod| folder.join(pod).exists()),
                "unset TALES_BUILT: {PODS:?} are not all built"
            );
            return;
        }
        let profile = match folder.file_name().unwrap().to_str().unwrap() {
            "debug" => "dev",
            other => other,
        };
        let mut cargo = std::process::Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--locked", "--profile", profile, "--target-dir"]);
        cargo.arg(folder.parent().unwrap()).current_dir(root());
        for pod in PODS {
            cargo.args(["-p", pod]);
        }
        assert!(cargo.status().unwrap().success(), "the programs of the pods do not build");
    });
}
