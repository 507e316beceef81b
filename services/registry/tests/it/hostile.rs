//! What nobody should send, and what should not happen to a disk.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use oci::Digest;
use oci::manifest::IMAGE;
use serde_json::Value;

use crate::support::{PATIENCE, Registry, read};

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn no_name_leads_out_of_the_folder() {
    let registry = Registry::open(&[]);
    let body = b"{\"schemaVersion\": 2}";
    for name in [
        "../../etc",
        "..",
        "a/../../b",
        "%2e%2e/%2e%2e/etc",
        "..%2f..%2fetc",
        "a%2f..%2fb",
        "a%00b",
        "_tags",
        "a/_manifests/b",
        "A",
        "a//../b",
        "%ff",
        "a\\b",
        "a;b",
        "~root",
        "%2fetc",
    ] {
        for path in [
            format!("/v2/{name}/manifests/v1"),
            format!("/v2/shop/manifests/{name}/v1"),
            format!("/v2/{name}/blobs/uploads/"),
        ] {
            let method = if path.ends_with('/') { "POST" } else { "PUT" };
            let reply = registry.ask(method, &path, &[("Content-Type", IMAGE)], body);
            assert!([400, 404].contains(&reply.status), "{path}: {reply:?}");
            assert!([400, 404].contains(&registry.get(&path).status), "{path}");
        }
    }
    let tag = registry.ask("PUT", "/v2/a/manifests/..%2fv1", &[("Content-Type", IMAGE)], body);
    assert_eq!(tag.status, 400, "{tag:?}");
    assert!(files(registry.folder()).is_empty(), "{:?}", files(registry.folder()));
}

#[test]
fn what_is_not_what_it_is_called_is_not_kept() {
    let registry = Registry::open(&[]);
    let digest = Digest::of(b"tea");
    let path = format!("/v2/shop/blobs/uploads/?digest={digest}");
    let reply = registry.ask("POST", &path, &[], b"coffee");
    assert_eq!(reply.error(), (400, "DIGEST_INVALID".to_owned()));
    let path = "/v2/shop/blobs/uploads/?digest=sha256:../../etc/passwd";
    assert_eq!(registry.ask("POST", path, &[], b"tea").error().1, "DIGEST_INVALID");
    let path = format!("/v2/shop/manifests/{digest}");
    let reply = registry.ask("PUT", &path, &[("Content-Type", IMAGE)], b"{\"schemaVersion\":2}");
    assert_eq!(reply.error(), (400, "DIGEST_INVALID".to_owned()));
    assert_eq!(registry.get(&format!("/v2/shop/blobs/{digest}")).status, 404);
    assert!(files(registry.folder()).is_empty(), "{:?}", files(registry.folder()));
    assert_eq!(registry.value("registry_uploads_open"), 0.0);
}

#[test]
fn manifests_that_are_none_or_too_long_are_refused() {
    let registry = Registry::open(&[]);
    let kind = [("Content-Type", IMAGE)];
    let put = |bytes: &[u8]| registry.ask("PUT", "/v2/shop/manifests/v1", &kind, bytes);
    let deep = "[".repeat(100_000);
    for bad in [&b""[..], b"{}", b"[]", b"\xff\xfe", deep.as_bytes(), b"{\"schemaVersion\":1}"] {
        assert_eq!(put(bad).error(), (400, "MANIFEST_INVALID".to_owned()));
    }
    let mut long = b"{\"schemaVersion\":2}".to_vec();
    long.resize(4 << 20, b' ');
    assert_eq!(put(&long).status, 201, "4 MiB are allowed");
    long.push(b' ');
    assert_eq!(put(&long).error(), (413, "MANIFEST_INVALID".to_owned()));
    let reply = registry.ask(
        "PUT",
        "/v2/shop/manifests/v1",
        &[],
        b"{\"schemaVersion\":2, \"mediaType\": \"a/b\"}",
    );
    assert_eq!(reply.error().1, "MANIFEST_INVALID");
}

#[test]
fn a_push_that_is_cut_off_leaves_nothing_and_can_go_on() {
    let registry = Registry::open(&[]);
    let begun = registry.ask("POST", "/v2/shop/blobs/uploads/", &[], b"");
    let location = begun.header("location").unwrap();
    let mut stream = TcpStream::connect(registry.address).unwrap();
    let head = format!("PATCH {location} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&[7; 1000]).unwrap();
    // It has arrived before the client is gone.
    let arrived = || files(&registry.folder().join("arriving"));
    let since = std::time::Instant::now();
    while fs::metadata(&arrived()[0]).unwrap().len() < 1000 {
        assert!(since.elapsed() < PATIENCE);
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    }
    drop(stream);
    assert!(files(&registry.folder().join("blobs")).is_empty());
    let status = loop {
        let status = registry.get(location);
        if status.status != 409 {
            break status;
        }
        assert!(since.elapsed() < PATIENCE);
    };
    assert_eq!(status.header("range"), Some("0-999"));
    let digest = Digest::of(&[7; 1500]);
    let end = format!("{location}?digest={digest}");
    assert_eq!(registry.ask("PUT", &end, &[("Content-Range", "1000-1499")], &[7; 500]).status, 201);
    assert_eq!(registry.get(&format!("/v2/shop/blobs/{digest}")).body, [7; 1500]);
    assert!(arrived().is_empty());
}

#[test]
fn a_registry_that_is_killed_half_way_has_what_was_whole_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let settings =
        [("REGISTRY_DIR", folder.path().to_str().unwrap()), ("REGISTRY_PUSH", "anybody")];
    let mut registry = Registry::start(&settings);
    let image = registry.push("shop", "v1", b"tea", &Value::Null);
    let begun = registry.ask("POST", "/v2/shop/blobs/uploads/", &[], b"");
    let location = begun.header("location").unwrap().to_owned();
    assert_eq!(registry.ask("PATCH", &location, &[], &[7; 100_000]).status, 202);
    registry.kill();
    assert_eq!(files(&folder.path().join("arriving")).len(), 1);

    let registry = Registry::start(&settings);
    assert!(files(&folder.path().join("arriving")).is_empty());
    assert_eq!(registry.get("/v2/shop/manifests/v1").body, image.bytes);
    assert_eq!(registry.get(&location).error(), (404, "BLOB_UPLOAD_UNKNOWN".to_owned()));
    let content = registry.value("registry_content_bytes");
    assert_eq!(content, (image.bytes.len() + "tea".len() + "{}".len()) as f64);
}

#[test]
fn where_there_is_no_room_nothing_is_kept_and_the_rest_is_served() {
    let registry = Registry::open(&[("REGISTRY_BYTES", "2000")]);
    let image = registry.push("shop", "v1", b"tea", &Value::Null);
    no_room(&registry, &[7; 3000], 0.0);
    assert_eq!(registry.get("/v2/shop/manifests/v1").body, image.bytes);
    // Nor does one who comes in pieces keep others out.
    let begun = registry.ask("POST", "/v2/shop/blobs/uploads/", &[], b"");
    let location = begun.header("location").unwrap();
    assert_eq!(registry.ask("PATCH", location, &[], &[7; 1000]).status, 202);
    no_room(&registry, &[7; 1000], 1.0);
    let more = registry.ask("PATCH", location, &[], &[7; 1000]);
    assert_eq!(more.error(), (507, "DENIED".to_owned()));
    assert_eq!(registry.get(location).error(), (404, "BLOB_UPLOAD_UNKNOWN".to_owned()));
    registry.push_blob("shop", &[8; 1000]);
}

fn no_room(registry: &Registry, bytes: &[u8], others: f64) {
    let digest = Digest::of(bytes);
    let path = format!("/v2/shop/blobs/uploads/?digest={digest}");
    let reply = registry.ask("POST", &path, &[], bytes);
    assert_eq!(reply.error(), (507, "DENIED".to_owned()));
    assert_eq!(registry.get(&format!("/v2/shop/blobs/{digest}")).status, 404);
    assert_eq!(registry.value("registry_uploads_open"), others);
}

/// A disk of a megabyte, which is really full.
#[test]
#[ignore = "needs a user namespace, to mount a small disk in"]
fn a_disk_that_is_full_breaks_nothing_for_a_registry() {
    let folder = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=1m tmpfs \"$REGISTRY_DIR\" && exec \"$0\"";
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", script, env!("CARGO_BIN_EXE_registry")]);
    command.env("REGISTRY_DIR", folder.path()).env("REGISTRY_PUSH", "anybody");
    let registry = Registry::spawn(&mut command);
    let image = registry.push("shop", "v1", &[1; 300_000], &Value::Null);
    no_room(&registry, &[7; 3_000_000], 0.0);
    assert_eq!(registry.get("/v2/shop/manifests/v1").body, image.bytes);
    let layer = registry.get(&format!("/v2/shop/blobs/{}", image.layer));
    assert_eq!(layer.body.len(), 300_000);
    registry.push("shop", "v2", b"a small one still fits", &Value::Null);
}

#[test]
fn what_has_changed_on_the_disk_is_not_given_out_for_whole() {
    let registry = Registry::open(&[]);
    let bytes = vec![7; 100_000];
    let image = registry.push("shop", "v1", &bytes, &Value::Null);
    let blob = registry.folder().join("blobs/sha256").join(image.layer.hex());
    for damage in
        [&|bytes: &mut Vec<u8>| bytes[99_999] ^= 1, &|bytes: &mut Vec<u8>| bytes.truncate(50_000)]
            as [&dyn Fn(&mut Vec<u8>); 2]
    {
        let mut damaged = bytes.clone();
        damage(&mut damaged);
        fs::write(&blob, damaged).unwrap();
        let mut stream = TcpStream::connect(registry.address).unwrap();
        let head = format!("GET /v2/shop/blobs/{} HTTP/1.1\r\nHost: a\r\n\r\n", image.layer);
        stream.write_all(head.as_bytes()).unwrap();
        assert!(read(stream, false).is_none(), "it was given out as if it were whole");
        assert_eq!(registry.get(&format!("/v2/shop/blobs/{}", image.layer)).status, 404);
        registry.push_blob("shop", &bytes);
        assert_eq!(registry.get(&format!("/v2/shop/blobs/{}", image.layer)).body, bytes);
    }
    let manifest = registry.folder().join("blobs/sha256").join(image.digest.hex());
    fs::write(manifest, b"{}").unwrap();
    assert_eq!(registry.get("/v2/shop/manifests/v1").error().1, "MANIFEST_UNKNOWN");
}

#[test]
fn uploads_are_bounded_in_number_and_can_be_given_up() {
    let registry = Registry::open(&[]);
    let begin = || registry.ask("POST", "/v2/shop/blobs/uploads/", &[], b"");
    let all: Vec<_> = (0..256).map(|_| begin()).collect();
    assert!(all.iter().all(|reply| reply.status == 202));
    let refused = begin();
    assert_eq!(refused.error(), (503, "DENIED".to_owned()));
    let location = all[0].header("location").unwrap();
    let elsewhere = location.replace("/v2/shop/", "/v2/other/");
    assert_eq!(registry.ask("DELETE", &elsewhere, &[], b"").status, 404);
    assert_eq!(registry.ask("DELETE", location, &[], b"").status, 204);
    assert_eq!(begin().status, 202);
}

#[test]
fn a_pull_that_is_cut_off_is_forgotten() {
    let registry = Registry::open(&[]);
    let digest = registry.push_blob("shop", &vec![7; 8 << 20]);
    for _ in 0..20 {
        let mut stream = TcpStream::connect(registry.address).unwrap();
        let head = format!("GET /v2/shop/blobs/{digest} HTTP/1.1\r\nHost: a\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.read_exact(&mut [0; 1000]).unwrap();
    }
    let since = std::time::Instant::now();
    while registry.value("rocket_http_requests_in_flight") > 0.0 {
        assert!(since.elapsed() < PATIENCE);
    }
    assert_eq!(registry.get(&format!("/v2/shop/blobs/{digest}")).body.len(), 8 << 20);
}
