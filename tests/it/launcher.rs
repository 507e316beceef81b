//! The launcher: it runs from anywhere, with or without Rust, and builds what a command needs.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::root;
use tempfile::TempDir;
use testkit::program::Ended;

/// Prints where it was called and how.
const ECHO: &str = "#!/bin/sh\necho \"$(basename \"$0\") in $PWD of ${TALES_HOME:-nowhere}: $*\"\n";

/// A project of its own with a launcher, whose PATH has what the launcher needs and nothing else.
struct Project(TempDir);

impl Project {
    fn new() -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        fs::copy(root().join("tale"), project.path("tale")).unwrap();
        for part in ["tales", "manifests"] {
            symlink(root().join(part), project.path(part)).unwrap();
        }
        for service in ["hello", "dns-leaker", "nameserver", "orders", "shop", "zone-exporter"] {
            fs::create_dir_all(project.path("services").join(service)).unwrap();
        }
        fs::write(project.path("services/README.md"), "no package").unwrap();
        for tool in [
            "sh", "dirname", "basename", "readlink", "sed", "tr", "ls", "cat", "id", "nproc",
            "find",
        ] {
            let found = ["/bin", "/usr/bin"].iter().map(|folder| Path::new(folder).join(tool));
            let found = found.into_iter().find(|file| file.exists()).unwrap();
            fs::create_dir_all(project.path("path")).unwrap();
            symlink(found, project.path("path").join(tool)).unwrap();
        }
        project
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(file)
    }

    /// Puts a program there that only prints how it was called.
    fn program(&self, file: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, ECHO).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Everything that is needed to build and to play, in the PATH.
    fn with_rust(self) -> Self {
        for tool in ["cargo", "cc", "make", "prometheus", "alertmanager", "busybox"] {
            self.program(&format!("path/{tool}"));
        }
        self.program("target/play/tale");
        self
    }

    fn command(&self, launcher: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(launcher);
        command.args(args).env_clear().env("PATH", self.path("path"));
        command.env("HOME", self.path("home")).env("TALES_OFFLINE", "1");
        command.current_dir(self.0.path());
        command
    }

    fn run(&self, args: &[&str]) -> Ended {
        self.command(&self.path("tale"), args).output().unwrap().into()
    }
}

#[test]
fn programs_that_lie_beside_it_need_no_rust() {
    let project = Project::new();
    project.program("bin/tale");
    let here = project.path("");
    let here = here.to_str().unwrap().trim_end_matches('/');
    let ended = project.run(&["gate", "a b"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert_eq!(ended.stdout, format!("tale in {here} of {here}: gate a b\n"));
}

#[test]
fn the_programs_of_another_folder_are_used_when_they_are_named() {
    let project = Project::new();
    project.program("elsewhere/tale");
    let mut command = project.command(&project.path("tale"), &["list"]);
    let ended = Ended::from(command.env("TALES_BIN", project.path("elsewhere")).output().unwrap());
    assert!(ended.stdout.ends_with(": list\n"), "{ended}");
    let mut command = project.command(&project.path("tale"), &["list"]);
    let ended = Ended::from(command.env("TALES_BIN", "/nowhere").output().unwrap());
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("TALES_BIN=/nowhere; correct it"), "{}", ended.stderr);
}

#[test]
fn it_runs_from_any_folder_and_through_links() {
    let project = Project::new();
    project.program("bin/tale");
    let elsewhere = project.path("else where");
    fs::create_dir(&elsewhere).unwrap();
    symlink("../tale", elsewhere.join("relative")).unwrap();
    symlink(elsewhere.join("relative"), elsewhere.join("absolute")).unwrap();
    let home = project.path("");
    let home = home.to_str().unwrap().trim_end_matches('/');
    for name in ["relative", "absolute"] {
        let mut command = project.command(&elsewhere.join(name), &["gate", "mine.yaml"]);
        let ended = Ended::from(command.current_dir(&elsewhere).output().unwrap());
        let expected = format!("tale in {} of {home}: gate mine.yaml\n", elsewhere.display());
        assert_eq!(ended.stdout, expected, "{}", ended.stderr);
    }
}

#[test]
fn without_rust_it_says_where_to_get_it() {
    let ended = Project::new().run(&["list"]);
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.stderr.contains("Rust is missing; install it from https://rustup.rs"),
        "{}",
        ended.stderr
    );
}

#[test]
fn what_a_play_needs_is_named_with_its_package() {
    let ended = Project::new().run(&["play", "dns-leak"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("prometheus is missing; install it with"), "{}", ended.stderr);
    let help = Project::new().run(&["play", "--help"]);
    assert!(help.stderr.contains("Rust is missing"), "help needs no Prometheus: {}", help.stderr);
}

/// The packages that Cargo is asked to build for a command.
fn built(project: &Project, args: &[&str]) -> Vec<String> {
    let ended = project.run(args);
    assert_eq!(ended.code, Some(0), "{ended}");
    let cargo = ended.stderr.lines().find(|line| line.starts_with("cargo in ")).unwrap();
    assert!(cargo.contains("--profile play"), "{cargo}");
    let words: Vec<&str> = cargo.split_whitespace().collect();
    let named = words.windows(2).filter(|pair| pair[0] == "--package");
    named.map(|pair| pair[1].to_owned()).collect()
}

#[test]
fn only_what_a_tale_runs_is_built() {
    let project = Project::new().with_rust();
    assert_eq!(built(&project, &["list"]), ["tale"]);
    assert_eq!(built(&project, &["play", "dns-leak"]), ["tale", "dns-leaker"]);
    assert_eq!(built(&project, &["play", "sre"]), ["tale", "orders", "shop", "load"]);
    assert_eq!(built(&project, &["play", "ops"]), ["tale", "nameserver", "zone-exporter"]);
    let all =
        ["tale", "dns-leaker", "hello", "nameserver", "orders", "shop", "zone-exporter", "load"];
    assert_eq!(built(&project, &["up"]), all);
    assert_eq!(built(&project, &["images", "build"]), ["tale", "all-services"]);
    assert_eq!(built(&project, &["play", "--clock", "real", "sre"]), all, "when in doubt, all");
}

#[test]
fn what_was_built_once_stays_in_the_build() {
    let project = Project::new().with_rust();
    project.program("target/play/dns-leaker");
    assert_eq!(built(&project, &["list"]), ["tale", "dns-leaker"]);
}

/// The features that Cargo is asked for.
fn features(project: &Project, command: &mut Command) -> Option<String> {
    let ended = Ended::from(command.output().unwrap());
    let cargo = ended.stderr.lines().find(|line| line.starts_with("cargo in ")).unwrap();
    assert!(project.path("target/play").exists());
    Some(cargo.split_once("--features ")?.1.to_owned())
}

#[test]
fn a_cluster_needs_its_feature_and_the_image_and_no_prometheus_here() {
    let project = Project::new().with_rust();
    let asked =
        |args: &[&str]| features(&project, &mut project.command(&project.path("tale"), args));
    assert_eq!(asked(&["list"]), None, "the local stage is built without TLS");
    fs::remove_file(project.path("path/prometheus")).unwrap();
    fs::remove_file(project.path("path/alertmanager")).unwrap();
    let image = ["tale", "all-services"];
    assert_eq!(built(&project, &["images", "build"]), image);
    assert_eq!(asked(&["list"]), None, "nor is the image");
    assert_eq!(built(&project, &["play", "dns-leak", "--on", "cluster"]), image);
    // What was built once is kept.
    assert_eq!(asked(&["list"]).as_deref(), Some("tale/cluster"));
    let other = Project::new().with_rust();
    let mut command = other.command(&other.path("tale"), &["status"]);
    let wanted = features(&other, command.env("TALES_ON", "cluster"));
    assert_eq!(wanted.as_deref(), Some("tale/cluster"));
    let other = Project::new().with_rust();
    let mut command = other.command(&other.path("tale"), &["workshop", "list"]);
    assert_eq!(features(&other, &mut command).as_deref(), Some("tale/cluster"));
    let mut command = other.command(&other.path("tale"), &["play", "sre", "--on=local"]);
    assert_eq!(Ended::from(command.env("TALES_ON", "cluster").output().unwrap()).code, Some(0));
}

#[test]
fn tests_find_their_own_folders() {
    let project = Project::new().with_rust();
    let mut command = project.command(&project.path("tale"), &["test"]);
    let ended = Ended::from(command.env("TALES_HOME", "/elsewhere").output().unwrap());
    assert_eq!(ended.code, Some(0), "{ended}");
    assert!(ended.stdout.contains(" of nowhere: test --workspace --locked\n"), "{ended}");
}
