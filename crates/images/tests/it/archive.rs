//! The archive: the same bytes for the same content, and readable by others.

use std::collections::BTreeMap;
use std::process::Command;

use images::Image;
use serde_json::Value;

use crate::{entries, written};

const NAME: &str = "tales.local/test:1";

fn image() -> Image {
    Image::new(65532).text("/etc/a", "a").text("/b", "b").shared_folder("/tmp").link("/bin/c", "/b")
}

#[test]
fn the_same_content_is_the_same_bytes_in_whatever_order_it_is_said() {
    let other = Image::new(65532)
        .link("/bin/c", "/b")
        .shared_folder("/tmp")
        .text("/b", "b")
        .text("/etc/a", "a");
    assert_eq!(written(&image(), NAME), written(&other, NAME));
    assert_eq!(image().archive().digest(), other.archive().digest());
}

#[test]
fn whatever_differs_has_another_tag() {
    let changed = [
        Image::new(0)
            .text("/etc/a", "a")
            .text("/b", "b")
            .shared_folder("/tmp")
            .link("/bin/c", "/b"),
        image().text("/b", "c"),
        image().text("/d", ""),
        image().link("/bin/c", "/etc/a"),
        image().shared_folder("/etc"),
    ];
    let tag = image().archive().tag().to_owned();
    assert_eq!(tag.len(), 12);
    for other in changed {
        assert_ne!(other.archive().tag(), tag, "{other:?}");
    }
}

/// What a node has of the one it need not fetch for the other.
#[test]
fn a_label_makes_another_image_of_the_same_layer() {
    let labels = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
    let (plain, labelled) = (image().archive(), image().archive().labelled(&labels));
    assert_ne!(plain.digest(), labelled.digest());
    assert_eq!(plain.blobs()[1], labelled.blobs()[1]);
    let config: Value = serde_json::from_slice(labelled.blobs()[0]).unwrap();
    assert_eq!(config["config"]["Labels"], serde_json::json!({"a": "b"}));
    assert_eq!(config["config"]["User"], "65532");
    let manifest: Value = serde_json::from_slice(labelled.manifest()).unwrap();
    assert_eq!(manifest["config"]["size"], labelled.blobs()[0].len());
}

#[test]
fn the_name_stands_wherever_an_engine_looks_for_it() {
    let archive = entries(&*written(&image(), NAME));
    let read = |file: &str| serde_json::from_slice::<Value>(&archive[file].1).unwrap();
    assert_eq!(read("manifest.json")[0]["RepoTags"], serde_json::json!([NAME]));
    let annotations = &read("index.json")["manifests"][0]["annotations"];
    assert_eq!(annotations["io.containerd.image.name"], NAME);
    assert_eq!(annotations["org.opencontainers.image.ref.name"], NAME);
    assert_eq!(read("oci-layout")["imageLayoutVersion"], "1.0.0");
}

#[test]
fn every_blob_has_the_hash_that_it_is_named_by_and_the_size_that_is_said() {
    let archive = entries(&*written(&image(), NAME));
    let index: Value = serde_json::from_slice(&archive["index.json"].1).unwrap();
    let blob = |descriptor: &Value| {
        let digest = descriptor["digest"].as_str().unwrap();
        let bytes = &archive[&format!("blobs/{}", digest.replace(':', "/"))].1;
        assert_eq!(descriptor["size"], bytes.len());
        assert_eq!(digest, sha256(bytes));
        bytes.clone()
    };
    let manifest: Value = serde_json::from_slice(&blob(&index["manifests"][0])).unwrap();
    assert_eq!(image().archive().digest(), index["manifests"][0]["digest"]);
    let config: Value = serde_json::from_slice(&blob(&manifest["config"])).unwrap();
    let layer = blob(&manifest["layers"][0]);
    let mut tar = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&*layer), &mut tar).unwrap();
    assert_eq!(config["rootfs"]["diff_ids"][0], sha256(&tar));
    assert_eq!(config["config"]["User"], "65532");
}

#[test]
fn how_its_program_is_run_is_said_only_where_there_is_something_to_say() {
    let config = |image: &Image| {
        let archive = entries(&*written(image, NAME));
        let docker: Value = serde_json::from_slice(&archive["manifest.json"].1).unwrap();
        let config = &archive[docker[0]["Config"].as_str().unwrap()].1;
        serde_json::from_slice::<Value>(config).unwrap()["config"].clone()
    };
    let plain = config(&image());
    assert_eq!(plain.as_object().unwrap().keys().collect::<Vec<_>>(), ["Env", "User"]);
    let image = image().entry_point("/bin/c", "/etc").listens_on(8080).variable("A", "b=c");
    let said = config(&image);
    assert_eq!(said["Entrypoint"], serde_json::json!(["/bin/c"]));
    assert_eq!(said["WorkingDir"], "/etc");
    assert_eq!(said["ExposedPorts"], serde_json::json!({"8080/tcp": {}}));
    assert_eq!(said["Env"][1], "A=b=c");
}

/// By the system's own tool, so that the crate is not its own judge.
fn sha256(bytes: &[u8]) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let ended = Command::new("sha256sum").arg(file.path()).output().unwrap();
    format!("sha256:{}", &String::from_utf8(ended.stdout).unwrap()[..64])
}

#[test]
#[ignore = "needs skopeo"]
fn skopeo_reads_it_as_both_kinds_of_archive() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), written(&image(), NAME)).unwrap();
    let inspect = |kind: &str| {
        let from = format!("{kind}:{}", file.path().display());
        let ended = Command::new("skopeo").args(["inspect", &from]).output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        serde_json::from_slice::<Value>(&ended.stdout).unwrap()
    };
    for kind in ["oci-archive", "docker-archive"] {
        let seen = inspect(kind);
        assert_eq!((&seen["Architecture"], &seen["Os"]), (&"amd64".into(), &"linux".into()));
    }
    assert_eq!(inspect("oci-archive")["Digest"], image().archive().digest());
    // Copying unpacks every layer and checks every digest.
    let to = tempfile::tempdir().unwrap();
    let from = format!("docker-archive:{}", file.path().display());
    let to = format!("dir:{}", to.path().display());
    let copy =
        Command::new("skopeo").args(["copy", "--insecure-policy", &from, &to]).output().unwrap();
    assert!(copy.status.success(), "{}", String::from_utf8_lossy(&copy.stderr));
}
