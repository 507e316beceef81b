//! `tale cluster load`: what lies in the folder is what the lock file says, and which tools get it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use images::bundle::Bundle;
use oci::Digest;
use oci::manifest::{Descriptor, IMAGE, Manifest};
use serde_json::json;
use tempfile::TempDir;
use testkit::program::{Ended, Running};
use tokio::process::Command;

use crate::TALE;

const NAME: &str = "quay.example/a/b:v1";

/// A folder as `fetch` leaves it, a lock file, and tools that only tell how they were called.
fn desk() -> (TempDir, Digest) {
    let desk = tempfile::tempdir().unwrap();
    let bundle = Bundle::at(desk.path().join("tales-offline"));
    let put = |bytes: &[u8]| {
        let path = bundle.blob(&Digest::of(bytes));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        json!({"mediaType": "x/y", "digest": Digest::of(bytes).to_string(), "size": bytes.len()})
    };
    let layer = b"a layer";
    let text = json!({"schemaVersion": 2, "mediaType": IMAGE, "config": put(b"{}"), "layers": [put(layer)]});
    let text = text.to_string();
    put(text.as_bytes());
    let manifest = Manifest::parse(IMAGE, text.as_bytes()).unwrap();
    let digest = Digest::of(text.as_bytes());
    let described: Descriptor = manifest.described(IMAGE, &digest, text.len() as u64);
    bundle.add(&NAME.parse().unwrap(), described, &digest).unwrap();
    let files = desk.path().join("tales-offline/files");
    fs::create_dir_all(&files).unwrap();
    fs::write(files.join("c-1.tgz"), "a chart").unwrap();
    let lock = format!(
        "images:\n  - image: {NAME}\n    digest: {digest}\n    for: chaos\nfiles:\n  \
         - url: https://charts.example/c-1.tgz\n    digest: {}\n    for: chaos\n",
        Digest::of(b"a chart")
    );
    fs::write(desk.path().join("lock.yaml"), lock).unwrap();
    for tool in ["kind", "skopeo"] {
        let path = desk.path().join(tool);
        fs::write(&path, "#!/bin/sh\necho \"$(basename $0) $*\"\n").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    (desk, Digest::of(layer))
}

async fn tale(desk: &TempDir, args: &[&str]) -> Ended {
    let path = format!("{}:/bin:/usr/bin", desk.path().display());
    let mut command = Command::new(TALE);
    command.arg("cluster").args(args).args(["--lock", "lock.yaml", "--for", "chaos"]);
    command.current_dir(desk.path()).env("PATH", path).env_remove("KUBECONFIG");
    Running::start(&mut command).end().await
}

#[tokio::test]
async fn what_was_fetched_goes_where_it_is_told_and_files_are_named() {
    let (desk, _) = desk();
    let ended = tale(&desk, &["load", "--to", "kind:demo", "--without-tales"]).await.expect_code(0);
    assert_eq!(ended.stdout, format!("{NAME}\ntales-offline/files/c-1.tgz\n"));
    assert!(ended.stderr.contains("\nkind load image-archive --name demo /"), "{ended}");
    let registry = ["load", "--registry", "registry.local:5000/x", "--without-tales"];
    let ended = tale(&desk, &registry).await.expect_code(0);
    assert!(ended.stderr.contains("docker://registry.local:5000/x/b:v1"), "{ended}");
}

#[tokio::test]
async fn what_is_not_what_it_was_or_not_there_is_refused_with_its_name() {
    let (desk, layer) = desk();
    let blob = Bundle::at(desk.path().join("tales-offline")).blob(&layer);
    fs::write(&blob, "another layer").unwrap();
    let ended = tale(&desk, &["load", "--to", "kind", "--without-tales"]).await.expect_code(2);
    assert!(ended.stderr.contains(NAME) && ended.stderr.contains("refused"), "{ended}");
    assert!(!ended.stderr.contains("kind load"), "{ended}");
    fs::remove_file(blob).unwrap();
    let ended = tale(&desk, &["load", "--to", "kind", "--without-tales"]).await.expect_code(2);
    assert!(ended.stderr.contains("./tale cluster fetch"), "{ended}");
}

#[tokio::test]
async fn a_purpose_that_nobody_has_is_answered_with_those_there_are() {
    let (desk, _) = desk();
    let ended = tale(&desk, &["load", "--to", "kind", "--for", "chaso"]).await.expect_code(2);
    assert!(ended.stderr.contains("nothing in the lock file is for `chaso`"), "{ended}");
}
