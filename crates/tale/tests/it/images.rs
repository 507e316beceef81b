//! `tale images`: what it writes, and which tools it calls with it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use tempfile::TempDir;
use testkit::program::{Ended, Running};
use testkit::project::root;
use tokio::process::Command;

use crate::TALE;

/// A folder with programs for an image, and with tools that only tell how they were called.
struct Desk(TempDir);

impl Desk {
    fn new(tools: &[&str]) -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        for folder in ["programs", "tools"] {
            fs::create_dir(desk.path(folder)).unwrap();
        }
        for program in ["tale", "all-services"] {
            fs::copy("/bin/true", desk.path("programs").join(program)).unwrap();
        }
        for tool in tools {
            let path = desk.path("tools").join(tool);
            fs::write(&path, "#!/bin/sh\necho \"$(basename $0) $*\"\nexit ${FAIL:-0}\n").unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(TALE);
        let path = format!("{}:/bin:/usr/bin", self.path("tools").display());
        command.arg("images").args(args).args(["--programs", "programs"]);
        command.current_dir(self.0.path()).env("PATH", path).env("HOME", self.path("home"));
        command.env_remove("KUBECONFIG");
        command
    }

    async fn run(&self, args: &[&str]) -> Ended {
        Running::start(&mut self.command(args)).end().await
    }
}

#[tokio::test]
async fn the_same_programs_are_the_same_image_and_others_are_another() {
    let desk = Desk::new(&[]);
    let first = desk.run(&["build"]).await.expect_code(0).stdout;
    assert!(first.starts_with("tales.local/tales:"), "{first}");
    let bytes = fs::read(desk.path("tales.tar")).unwrap();
    let again = desk.run(&["build", "--out", "again.tar"]).await.expect_code(0).stdout;
    assert_eq!(first, again);
    assert!(bytes == fs::read(desk.path("again.tar")).unwrap(), "the archives differ");
    fs::copy("/bin/false", desk.path("programs/all-services")).unwrap();
    let other = desk.run(&["build", "--repository", "ghcr.io/me/tales"]).await.expect_code(0);
    assert!(other.stdout.starts_with("ghcr.io/me/tales:"), "{other}");
    assert_ne!(first.rsplit_once(':'), other.stdout.rsplit_once(':'));
    assert!(other.stderr.contains("MB unpacked, digest sha256:"), "{other}");
}

#[tokio::test]
async fn the_context_of_kubectl_tells_where_to_load_it() {
    let desk = Desk::new(&["kind"]);
    fs::create_dir_all(desk.path("home/.kube")).unwrap();
    fs::write(desk.path("home/.kube/config"), "current-context: kind-demo\nclusters: []\n")
        .unwrap();
    let ended = desk.run(&["load"]).await.expect_code(0);
    assert!(ended.stderr.contains("\nkind load image-archive --name demo /"), "{ended}");
    assert!(ended.stderr.contains("loaded into the kind cluster demo"), "{ended}");
    let mut other = desk.command(&["load"]);
    let nobodys = desk.path("nobodys");
    fs::write(&nobodys, "current-context: production\n").unwrap();
    let ended = Running::start(other.env("KUBECONFIG", nobodys)).end().await.expect_code(2);
    assert!(ended.stderr.contains("say --to"), "{ended}");
}

#[tokio::test]
async fn a_tool_that_fails_or_is_missing_is_named() {
    let desk = Desk::new(&["kind"]);
    let ended =
        Running::start(desk.command(&["load", "--to", "kind"]).env("FAIL", "3")).end().await;
    assert!(ended.expect_code(2).stderr.contains("ended with exit status: 3"));
    let ended = desk.run(&["load", "--to", "k3d"]).await.expect_code(2);
    assert!(ended.stderr.contains("cannot run k3d; is it installed?"), "{ended}");
    let ended = desk.run(&["load", "--to", "knid"]).await.expect_code(2);
    assert!(ended.stderr.contains("`knid` is none of kind[:NAME]"), "{ended}");
}

#[tokio::test]
async fn it_is_pushed_under_a_tag_of_its_content() {
    let desk = Desk::new(&["skopeo"]);
    let ended = desk.run(&["push", "ghcr.io/me/tales"]).await.expect_code(0);
    let name = ended.stdout.trim();
    assert!(name.starts_with("ghcr.io/me/tales:"), "{ended}");
    assert!(ended.stderr.contains(&format!(" docker://{name}\n")), "{ended}");
}

#[tokio::test]
async fn a_program_that_is_missing_is_named_with_its_folder() {
    let desk = Desk::new(&[]);
    fs::remove_file(desk.path("programs/all-services")).unwrap();
    let ended = desk.run(&["build"]).await.expect_code(2);
    assert!(ended.stderr.contains("cannot read programs/all-services"), "{ended}");
}

#[tokio::test]
async fn a_release_is_unpacked_and_played_without_rust() {
    let desk = Desk::new(&[]);
    fs::copy("/bin/echo", desk.path("programs/tale")).unwrap();
    let archive = async |out: &str| {
        let args = ["archive", "--out", out];
        let mut command = desk.command(&args);
        Running::start(command.env("TALES_HOME", root())).end().await.expect_code(0).stdout
    };
    let (first, again) = (archive("first").await, archive("again").await);
    let name = first.trim().strip_prefix("first/").unwrap();
    let processor = std::env::consts::ARCH;
    assert_eq!(name, format!("tales-linux-{processor}.tar.gz"));
    let bytes = |file: &str| fs::read(desk.path(file.trim())).unwrap();
    assert!(bytes(&first) == bytes(&again), "the archives differ");
    let run = async |line: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", line]).current_dir(desk.path("first")).env_clear();
        command.env("PATH", "/usr/bin:/bin").env("TALES_OFFLINE", "1");
        Running::start(&mut command).end().await
    };
    run(&format!("sha256sum --check {name}.sha256 && tar xzf {name}")).await.expect_code(0);
    assert_eq!(run("./tales-*/tale list of it").await.expect_code(0).stdout, "list of it\n");
    let lab = "tales-*/manifests/slo/dns-leaker.yaml tales-*/load/profiles/spike.yaml";
    run(&format!("ls {lab} tales-*/bin/hello")).await.expect_code(0);
}
