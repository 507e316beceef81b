//! The OCI distribution specification's requirements on pulling and on finding content, each a row
//! of CONFORMANCE.md and a test here; and as much of pushing as is needed to have something to
//! pull.

use oci::Digest;
use oci::manifest::{IMAGE, INDEX};
use serde_json::{Value, json};

use crate::support::{Registry, Reply};

fn none() -> Value {
    Value::Null
}

#[test]
fn the_table_and_the_tests_are_the_same() {
    let table = include_str!("../../CONFORMANCE.md");
    let tests = include_str!("conformance.rs");
    let named: Vec<&str> = table
        .lines()
        .filter(|line| line.starts_with("| "))
        .filter_map(|line| line.rsplit('`').nth(1))
        .collect();
    assert!(named.len() >= 25, "{named:?}");
    for name in &named {
        assert!(tests.contains(&format!("\nfn {name}()")), "{name} is no test");
    }
    for test in tests.split("#[test]\nfn ").skip(2).filter_map(|rest| rest.split('(').next()) {
        assert!(named.contains(&test), "{test} is in no row of the table");
    }
}

#[test]
fn end_1_says_that_it_is_a_registry() {
    let registry = Registry::open(&[]);
    for path in ["/v2/", "/v2"] {
        let reply = registry.get(path);
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.header("docker-distribution-api-version"), Some("registry/2.0"));
    }
}

#[test]
fn a_manifest_is_found_by_tag_and_by_digest() {
    let registry = Registry::open(&[]);
    let image = registry.push("library/shop", "v1", b"tea", &none());
    for reference in ["v1".to_owned(), image.digest.to_string()] {
        let reply = registry.get(&format!("/v2/library/shop/manifests/{reference}"));
        assert_eq!((reply.status, &reply.body), (200, &image.bytes), "{reference}");
    }
}

#[test]
fn content_type_is_the_media_type_it_was_pushed_with() {
    let registry = Registry::open(&[]);
    registry.push("shop", "v1", b"tea", &none());
    assert_eq!(registry.get("/v2/shop/manifests/v1").header("content-type"), Some(IMAGE));
}

#[test]
fn docker_content_digest_is_the_digest_of_what_is_sent() {
    let registry = Registry::open(&[]);
    let image = registry.push("shop", "v1", b"tea", &none());
    for path in [
        format!("/v2/shop/manifests/{}", image.digest),
        "/v2/shop/manifests/v1".to_owned(),
        format!("/v2/shop/blobs/{}", image.layer),
    ] {
        let reply = registry.get(&path);
        let digest = Digest::of(&reply.body).to_string();
        assert_eq!(reply.header("docker-content-digest"), Some(digest.as_str()), "{path}");
    }
}

#[test]
fn all_accept_lines_are_read() {
    let registry = Registry::open(&[]);
    registry.push("shop", "v1", b"tea", &none());
    let ask = |lines: &[&str]| {
        let lines: Vec<_> = lines.iter().map(|line| ("Accept", *line)).collect();
        registry.ask("GET", "/v2/shop/manifests/v1", &lines, b"")
    };
    for good in [
        &["application/json", "text/plain", IMAGE][..],
        &["text/plain, application/vnd.oci.image.manifest.v1+json;q=0.5"],
        &["*/*"],
        &["application/*"],
    ] {
        assert_eq!(ask(good).status, 200, "{good:?}");
    }
    let error = ask(&["text/plain", INDEX]).error();
    assert_eq!(error, (404, "MANIFEST_UNKNOWN".to_owned()));
}

#[test]
fn what_is_not_there_is_404_with_the_right_code() {
    let registry = Registry::open(&[]);
    registry.push("shop", "v1", b"tea", &none());
    let nothing = Digest::of(b"nothing");
    for (path, code) in [
        ("/v2/shop/manifests/v2".to_owned(), "MANIFEST_UNKNOWN"),
        ("/v2/other/manifests/v1".to_owned(), "MANIFEST_UNKNOWN"),
        (format!("/v2/shop/manifests/{nothing}"), "MANIFEST_UNKNOWN"),
        (format!("/v2/shop/blobs/{nothing}"), "BLOB_UNKNOWN"),
        ("/v2/other/tags/list".to_owned(), "NAME_UNKNOWN"),
        ("/v2/shop/blobs/uploads/1".to_owned(), "BLOB_UPLOAD_UNKNOWN"),
    ] {
        assert_eq!(registry.get(&path).error(), (404, code.to_owned()), "{path}");
    }
}

#[test]
fn head_of_a_manifest_says_what_get_says_without_it() {
    let registry = Registry::open(&[]);
    let image = registry.push("shop", "v1", b"tea", &none());
    for reference in ["v1".to_owned(), image.digest.to_string()] {
        let path = format!("/v2/shop/manifests/{reference}");
        same_but_for_the_body(&registry.head(&path), &registry.get(&path));
    }
    assert_eq!(registry.head("/v2/shop/manifests/v2").status, 404);
}

fn same_but_for_the_body(head: &Reply, get: &Reply) {
    assert_eq!((head.status, head.body.len()), (200, 0));
    for name in ["content-length", "content-type", "docker-content-digest"] {
        assert!(head.header(name).is_some(), "{name}: {head:?}");
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
}

#[test]
fn a_blob_is_found_by_digest() {
    let registry = Registry::open(&[]);
    let digest = registry.push_blob("shop", b"tea");
    let reply = registry.get(&format!("/v2/shop/blobs/{digest}"));
    assert_eq!((reply.status, reply.body.as_slice()), (200, &b"tea"[..]));
    let empty = registry.push_blob("shop", b"");
    let reply = registry.get(&format!("/v2/shop/blobs/{empty}"));
    assert_eq!((reply.status, reply.header("content-length")), (200, Some("0")));
}

#[test]
fn head_of_a_blob_says_its_length() {
    let registry = Registry::open(&[]);
    let path = format!("/v2/shop/blobs/{}", registry.push_blob("shop", b"tea"));
    same_but_for_the_body(&registry.head(&path), &registry.get(&path));
    assert_eq!(registry.head(&format!("/v2/shop/blobs/{}", Digest::of(b"x"))).status, 404);
}

#[test]
fn a_blob_belongs_to_its_repository() {
    let registry = Registry::open(&[]);
    let digest = registry.push_blob("mine", b"secret");
    for path in [format!("/v2/yours/blobs/{digest}"), format!("/v2/mine/x/blobs/{digest}")] {
        assert_eq!(registry.get(&path).status, 404, "{path}");
    }
}

#[test]
fn a_part_of_a_blob_is_206_and_one_that_is_not_there_416() {
    let registry = Registry::open(&[]);
    let path = format!("/v2/shop/blobs/{}", registry.push_blob("shop", b"0123456789"));
    let part = |range| registry.ask("GET", &path, &[("Range", range)], b"");
    let middle = part("bytes=2-4");
    assert_eq!((middle.status, middle.body.as_slice()), (206, &b"234"[..]));
    assert_eq!(middle.header("content-range"), Some("bytes 2-4/10"));
    assert_eq!(part("bytes=7-").body, b"789");
    let beyond = part("bytes=10-");
    assert_eq!(beyond.error(), (416, "SIZE_INVALID".to_owned()));
    assert_eq!(beyond.header("content-range"), Some("bytes */10"));
}

#[test]
fn errors_are_json_with_a_code_and_a_message() {
    let registry = Registry::open(&[]);
    let reply = registry.get("/v2/shop/manifests/v1");
    assert_eq!(reply.header("content-type"), Some("application/json"));
    let errors = reply.json()["errors"].clone();
    assert!(errors.as_array().is_some_and(|errors| errors.len() == 1), "{errors}");
    assert_eq!(reply.error(), (404, "MANIFEST_UNKNOWN".to_owned()));
}

#[test]
fn names_tags_and_digests_follow_the_grammar() {
    let registry = Registry::open(&[]);
    for (path, code) in [
        ("/v2/UPPER/manifests/v1", "NAME_INVALID"),
        ("/v2/a__-b/manifests/v1", "NAME_INVALID"),
        ("/v2/shop/manifests/sha256:1234", "DIGEST_INVALID"),
        ("/v2/shop/manifests/-v1", "MANIFEST_INVALID"),
        ("/v2/shop/blobs/sha256:1234", "DIGEST_INVALID"),
        ("/v2/shop/referrers/v1", "DIGEST_INVALID"),
    ] {
        assert_eq!(registry.get(path).error(), (400, code.to_owned()), "{path}");
    }
}

#[test]
fn sha512_is_a_digest_too() {
    let registry = Registry::open(&[]);
    let mut hasher = oci::Hasher::new(oci::digest::Algorithm::Sha512);
    hasher.update(b"tea");
    let digest = hasher.finish();
    let path = format!("/v2/shop/blobs/uploads/?digest={digest}");
    assert_eq!(registry.ask("POST", &path, &[], b"tea").status, 201);
    assert_eq!(registry.get(&format!("/v2/shop/blobs/{digest}")).body, b"tea");
    assert_eq!(registry.ask("POST", &path, &[], b"coffee").error().1, "DIGEST_INVALID");
}

fn tags(reply: &Reply) -> Vec<String> {
    serde_json::from_value(reply.json()["tags"].clone()).unwrap()
}

#[test]
fn tags_are_listed_in_order() {
    let registry = Registry::open(&[]);
    for tag in ["v2", "latest", "V1", "v10", "_"] {
        registry.push("shop", tag, b"tea", &none());
    }
    let reply = registry.get("/v2/shop/tags/list");
    assert_eq!(reply.json()["name"], "shop");
    assert_eq!(tags(&reply), ["V1", "_", "latest", "v10", "v2"]);
    registry.push("untagged", "", b"tea", &none());
    assert!(tags(&registry.get("/v2/untagged/tags/list")).is_empty());
}

#[test]
fn tags_come_in_pages_with_n_and_last() {
    let registry = Registry::open(&[]);
    for number in 0..5 {
        registry.push("shop", &format!("v{number}"), b"tea", &none());
    }
    let mut path = "/v2/shop/tags/list?n=2".to_owned();
    let mut seen = Vec::new();
    loop {
        let reply = registry.get(&path);
        assert!(tags(&reply).len() <= 2);
        seen.extend(tags(&reply));
        let Some(link) = reply.header("link") else { break };
        let (next, relation) = link.split_once('>').unwrap();
        assert_eq!(relation, "; rel=\"next\"");
        path = next.trim_start_matches('<').to_owned();
    }
    assert_eq!(seen, ["v0", "v1", "v2", "v3", "v4"]);
    assert_eq!(tags(&registry.get("/v2/shop/tags/list?last=v3")), ["v4"]);
}

#[test]
fn n_of_0_is_an_empty_page_without_a_next_one() {
    let registry = Registry::open(&[]);
    registry.push("shop", "v1", b"tea", &none());
    let reply = registry.get("/v2/shop/tags/list?n=0");
    assert!(tags(&reply).is_empty() && reply.header("link").is_none(), "{reply:?}");
    assert_eq!(registry.get("/v2/shop/tags/list?n=many").status, 400);
}

/// An image, and two things that refer to it.
fn referred(registry: &Registry) -> Digest {
    let image = registry.push("shop", "v1", b"tea", &none());
    let subject =
        json!({"mediaType": IMAGE, "digest": image.digest.to_string(), "size": image.bytes.len()});
    let signature = json!({"subject": subject, "artifactType": "example/signature", "annotations": {"by": "ada"}});
    registry.push("shop", "", b"signature", &signature);
    let list = json!({"subject": subject, "artifactType": "example/sbom"});
    registry.push("shop", "", b"sbom", &list);
    image.digest
}

fn referrers(reply: &Reply) -> Vec<Value> {
    assert_eq!((reply.status, reply.header("content-type")), (200, Some(INDEX)), "{reply:?}");
    let index = reply.json();
    assert_eq!((&index["schemaVersion"], &index["mediaType"]), (&json!(2), &json!(INDEX)));
    index["manifests"].as_array().unwrap().clone()
}

#[test]
fn referrers_are_an_index_of_descriptors() {
    let registry = Registry::open(&[]);
    let digest = referred(&registry);
    let found = referrers(&registry.get(&format!("/v2/shop/referrers/{digest}")));
    assert_eq!(found.len(), 2);
    for descriptor in &found {
        let path = format!("/v2/shop/manifests/{}", descriptor["digest"].as_str().unwrap());
        let manifest = registry.get(&path);
        assert_eq!(descriptor["size"], manifest.body.len());
        assert_eq!(descriptor["mediaType"].as_str(), manifest.header("content-type"));
    }
}

#[test]
fn a_referrer_has_its_artifact_type_and_its_annotations() {
    let registry = Registry::open(&[]);
    let digest = referred(&registry);
    let found = referrers(&registry.get(&format!("/v2/shop/referrers/{digest}")));
    let of = |kind: &str| found.iter().find(|one| one["artifactType"] == kind).unwrap();
    assert_eq!(of("example/signature")["annotations"], json!({"by": "ada"}));
    assert!(of("example/sbom").get("annotations").is_none());
}

#[test]
fn the_artifact_type_of_a_referrer_is_its_configs_if_it_names_none() {
    let registry = Registry::open(&[]);
    let image = registry.push("shop", "v1", b"tea", &none());
    let subject =
        json!({"mediaType": IMAGE, "digest": image.digest.to_string(), "size": image.bytes.len()});
    registry.push("shop", "", b"other", &json!({"subject": subject}));
    let found = referrers(&registry.get(&format!("/v2/shop/referrers/{}", image.digest)));
    assert_eq!(found[0]["artifactType"], "application/vnd.oci.image.config.v1+json");
}

#[test]
fn nothing_that_refers_is_an_empty_index() {
    let registry = Registry::open(&[]);
    let unknown = Digest::of(b"nothing");
    assert!(referrers(&registry.get(&format!("/v2/shop/referrers/{unknown}"))).is_empty());
}

#[test]
fn referrers_can_be_filtered_and_the_filter_is_confirmed() {
    let registry = Registry::open(&[]);
    let digest = referred(&registry);
    let path = format!("/v2/shop/referrers/{digest}?artifactType=example/sbom");
    let reply = registry.get(&path);
    assert_eq!(reply.header("oci-filters-applied"), Some("artifactType"));
    let found = referrers(&reply);
    assert_eq!((found.len(), &found[0]["artifactType"]), (1, &json!("example/sbom")));
    let all = registry.get(&format!("/v2/shop/referrers/{digest}"));
    assert_eq!(all.header("oci-filters-applied"), None);
}

#[test]
fn a_subject_is_confirmed_even_if_it_is_not_there() {
    let registry = Registry::open(&[]);
    let subject = Digest::of(b"not yet").to_string();
    let manifest =
        json!({"schemaVersion": 2, "subject": {"mediaType": IMAGE, "digest": subject, "size": 7}});
    let bytes = manifest.to_string();
    let kind = [("Content-Type", IMAGE)];
    let reply = registry.ask("PUT", "/v2/shop/manifests/sig", &kind, bytes.as_bytes());
    assert_eq!((reply.status, reply.header("oci-subject")), (201, Some(subject.as_str())));
    let found = referrers(&registry.get(&format!("/v2/shop/referrers/{subject}")));
    assert_eq!(found.len(), 1);
}

#[test]
fn an_index_is_a_manifest() {
    let registry = Registry::open(&[]);
    let image = registry.push("shop", "", b"tea", &none());
    let child =
        json!({"mediaType": IMAGE, "digest": image.digest.to_string(), "size": image.bytes.len()});
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [child]}).to_string();
    let kind = [("Content-Type", INDEX)];
    let reply = registry.ask("PUT", "/v2/shop/manifests/v1", &kind, index.as_bytes());
    assert_eq!(reply.status, 201, "{reply:?}");
    let reply = registry.get("/v2/shop/manifests/v1");
    assert_eq!((reply.header("content-type"), &reply.body[..]), (Some(INDEX), index.as_bytes()));
}

#[test]
fn a_blob_is_pushed_in_one_piece_or_in_several() {
    let registry = Registry::open(&[]);
    let digest = Digest::of(b"0123456789");
    let begin = || {
        let reply = registry.ask("POST", "/v2/shop/blobs/uploads/", &[], b"");
        assert_eq!(reply.status, 202);
        reply.header("location").unwrap().to_owned()
    };
    let location = begin();
    let end = format!("{location}?digest={digest}");
    assert_eq!(registry.ask("PUT", &end, &[], b"0123456789").status, 201);

    let location = begin();
    let patch = |range: &str, bytes: &[u8]| {
        registry.ask("PATCH", &location, &[("Content-Range", range)], bytes)
    };
    let first = patch("0-3", b"0123");
    assert_eq!((first.status, first.header("range")), (202, Some("0-3")));
    let wrong = patch("6-9", b"6789");
    assert_eq!((wrong.status, wrong.header("range")), (416, Some("0-3")));
    let status = registry.get(&location);
    assert_eq!((status.status, status.header("range")), (204, Some("0-3")));
    assert_eq!(patch("4-5", b"45").status, 202);
    let end = format!("{location}?digest={digest}");
    let reply = registry.ask("PUT", &end, &[], b"6789");
    assert_eq!(reply.status, 201, "{reply:?}");
    assert_eq!(registry.get(reply.header("location").unwrap()).body, b"0123456789");
    assert_eq!(registry.ask("PUT", &end, &[], b"").error().1, "BLOB_UPLOAD_UNKNOWN");
}

#[test]
fn a_blob_is_mounted_from_another_repository() {
    let registry = Registry::open(&[]);
    let digest = registry.push_blob("mine", b"tea");
    let path = format!("/v2/yours/blobs/uploads/?mount={digest}&from=mine");
    let reply = registry.ask("POST", &path, &[], b"");
    assert_eq!(reply.status, 201, "{reply:?}");
    assert_eq!(registry.get(&format!("/v2/yours/blobs/{digest}")).body, b"tea");
    let unknown = format!("/v2/yours/blobs/uploads/?mount={}&from=mine", Digest::of(b"x"));
    assert_eq!(registry.ask("POST", &unknown, &[], b"").status, 202, "an upload begins instead");
}

#[test]
fn a_manifest_without_its_blobs_is_refused() {
    let registry = Registry::open(&[]);
    let missing = json!([{"mediaType": "a/b", "digest": Digest::of(b"x").to_string(), "size": 1}]);
    let manifest = json!({"schemaVersion": 2, "layers": missing}).to_string();
    let kind = [("Content-Type", IMAGE)];
    let reply = registry.ask("PUT", "/v2/shop/manifests/v1", &kind, manifest.as_bytes());
    assert_eq!(reply.error(), (400, "MANIFEST_BLOB_UNKNOWN".to_owned()));
}

#[test]
fn what_is_not_supported_says_so() {
    let registry = Registry::open(&[]);
    registry.push("shop", "v1", b"tea", &none());
    for path in ["/v2/shop/manifests/v1", "/v2/shop/tags/list"] {
        let error = registry.ask("DELETE", path, &[], b"").error();
        assert_eq!(error, (405, "UNSUPPORTED".to_owned()), "{path}");
    }
}
