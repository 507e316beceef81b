//! The archive: the same bytes for the same programs, and what a container runtime wants to find.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;

use super::*;

fn programs() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("shop", "#!/bin/sh\necho shop\n"), ("orders", "#!/bin/sh\n")] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let busybox = folder.path().join("busybox");
    std::fs::write(&busybox, "#!/bin/sh\nprintf 'busybox\\ncp\\nsed\\nsh\\n'\n").unwrap();
    std::fs::set_permissions(&busybox, std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

fn names() -> [String; 2] {
    ["shop", "orders"].map(str::to_owned)
}

fn built(programs: &Path) -> (Image, BTreeMap<String, Vec<u8>>, tempfile::TempDir) {
    let out = tempfile::tempdir().unwrap();
    let image = build(programs, &names(), &programs.join("busybox"), out.path()).unwrap();
    let mut archive = tar::Archive::new(std::fs::File::open(&image.archive).unwrap());
    let mut files = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        files.insert(name, bytes);
    }
    (image, files, out)
}

fn json_of(files: &BTreeMap<String, Vec<u8>>, name: &str) -> Value {
    serde_json::from_slice(&files[name]).unwrap()
}

#[test]
fn the_same_programs_give_the_same_archive_and_others_another_tag() {
    let folder = programs();
    let (one, first, _kept) = built(folder.path());
    let (two, second, _kept) = built(folder.path());
    assert_eq!((&one.digest, &one.reference), (&two.digest, &two.reference));
    assert!(first == second);
    assert_eq!(archive::digest(&two.archive), Some(two.digest));
    std::fs::write(folder.path().join("shop"), "#!/bin/sh\n").unwrap();
    let (other, _, _kept) = built(folder.path());
    assert_ne!(other.reference, one.reference);
}

#[test]
fn docker_and_oci_readers_find_the_same_image() {
    let folder = programs();
    let (image, files, _kept) = built(folder.path());
    let index = json_of(&files, "index.json");
    let entry = &index["manifests"][0];
    assert_eq!(entry["annotations"]["io.containerd.image.name"], image.reference);
    let manifest = json_of(&files, &path(entry));
    let docker = json_of(&files, "manifest.json");
    assert_eq!(docker[0]["Config"], path(&manifest["config"]));
    assert_eq!(docker[0]["Layers"], json!([path(&manifest["layers"][0])]));
    let config = json_of(&files, &path(&manifest["config"]));
    assert_eq!(config["config"]["User"], "65532");
    for (name, bytes) in files.iter().filter(|(name, _)| name.starts_with("blobs/")) {
        assert_eq!(*name, format!("blobs/sha256/{}", sha256(bytes)));
    }
}

#[test]
fn the_layer_has_a_shell_programs_and_a_place_for_a_copy_of_resolv_conf() {
    let folder = programs();
    let busybox = folder.path().join("busybox");
    let content = Content::collect(folder.path(), &names(), &busybox).unwrap();
    let layer = content.layer().unwrap();
    let mut layer = tar::Archive::new(layer.as_slice());
    let mut modes = BTreeMap::new();
    for entry in layer.entries().unwrap() {
        let entry = entry.unwrap();
        let header = entry.header();
        assert_eq!((header.uid().unwrap(), header.mtime().unwrap()), (0, 0));
        let name = entry.path().unwrap().display().to_string();
        modes.insert(name.trim_end_matches('/').to_owned(), header.mode().unwrap());
    }
    for name in ["bin/sh", "bin/cp", "bin/sed", "usr/local/bin/shop", "etc/passwd", "etc"] {
        assert!(modes.contains_key(name), "{name} is missing");
    }
    assert_eq!(modes["tmp"], 0o1777);
}

#[test]
fn a_program_that_was_not_built_is_named() {
    let folder = programs();
    let (names, out) = (["hello".to_owned()], folder.path().join("out"));
    let built = build(folder.path(), &names, &folder.path().join("busybox"), &out);
    let why = built.unwrap_err().to_string();
    assert!(why.contains("hello: not built") && why.contains("./tale"), "{why}");
}
