//! What a pull costs, and what everybody is told.

use std::time::{Duration, Instant};

use oci::manifest::{IMAGE, INDEX};
use oci::ratelimit::{Limit, read};
use serde_json::{Value, json};

use crate::support::{PATIENCE, Registry, Reply};

const MANIFEST: &str = "/v2/shop/manifests/v1";

fn limited(settings: &[(&str, &str)]) -> Registry {
    let mut all = vec![("PULL_LIMIT", "3")];
    all.extend(settings);
    let registry = Registry::open(&all);
    registry.push("shop", "v1", b"tea", &Value::Null);
    registry
}

fn told(reply: &Reply) -> Limit {
    read(|name| reply.header(name))
}

fn left(remaining: u64) -> Limit {
    Limit::Limited { limit: 3, remaining, window_seconds: Some(21_600) }
}

#[test]
fn get_of_a_manifest_counts_and_nothing_else_does() {
    let registry = limited(&[]);
    let layer = registry.push_blob("shop", b"tea");
    for path in [
        "/v2/".to_owned(),
        "/v2/shop/tags/list".to_owned(),
        format!("/v2/shop/blobs/{layer}"),
        "/v2/shop/manifests/unknown".to_owned(),
    ] {
        for _ in 0..5 {
            registry.get(&path);
        }
    }
    for _ in 0..50 {
        assert_eq!(told(&registry.head(MANIFEST)), left(3));
    }
    for remaining in [2, 1, 0] {
        let reply = registry.get(MANIFEST);
        assert_eq!((reply.status, told(&reply)), (200, left(remaining)));
        assert_eq!(reply.header("docker-ratelimit-source"), Some("127.0.0.1"));
    }
    let refused = registry.get(MANIFEST);
    assert_eq!(refused.error(), (429, "TOOMANYREQUESTS".to_owned()));
    assert_eq!(told(&refused), left(0));
    assert_eq!(refused.header("retry-after"), None, "as Docker Hub has it");
    assert_eq!(registry.head(MANIFEST).status, 200, "looking is free, also then");
    let counted = |result| registry.value(&format!("registry_pulls_total{{result=\"{result}\"}}"));
    assert_eq!([counted("counted"), counted("refused"), counted("free")], [3.0, 1.0, 0.0]);
    assert_eq!(registry.value("registry_looks_total"), 51.0);
}

#[test]
fn without_a_limit_there_are_no_headers() {
    let registry = limited(&[("PULL_LIMIT", "unlimited")]);
    for _ in 0..20 {
        let reply = registry.get(MANIFEST);
        assert_eq!((reply.status, told(&reply)), (200, Limit::Unlimited));
    }
}

#[test]
fn an_index_costs_a_pull_or_not() {
    for (counts, expected) in [("manifests", 2), ("images", 3)] {
        let registry = limited(&[("PULL_COUNTS", counts)]);
        let image = registry.push("shop", "", b"tea", &Value::Null);
        let child = json!({"mediaType": IMAGE, "digest": image.digest.to_string(), "size": 1});
        let index = json!({"schemaVersion": 2, "manifests": [child]}).to_string();
        let kind = [("Content-Type", INDEX)];
        registry.ask("PUT", "/v2/shop/manifests/all", &kind, index.as_bytes());
        assert_eq!(told(&registry.get("/v2/shop/manifests/all")), left(expected), "{counts}");
    }
}

#[test]
fn headers_look_as_they_are_set_to_look() {
    let header = |quirk: &str, name: &str| {
        let registry = limited(&[("PULL_HEADERS", quirk), ("PULL_WINDOW", "60")]);
        registry.get(MANIFEST).header(name).map(str::to_owned)
    };
    for (quirk, name, value) in [
        ("hub", "ratelimit-limit", Some("3;w=60")),
        ("hub", "ratelimit-remaining", Some("2;w=60")),
        ("empty", "ratelimit-limit", Some(";w=60")),
        ("bare", "ratelimit-remaining", Some("2")),
        ("draft", "ratelimit-policy", Some("\"pulls\";q=3;w=60")),
        ("draft", "ratelimit", Some("\"pulls\";r=2;t=0")),
        ("silent", "ratelimit-limit", None),
    ] {
        assert_eq!(header(quirk, name).as_deref(), value, "{quirk}");
    }
}

#[test]
fn a_refusal_looks_as_it_is_set_to_look() {
    let refused = |settings: &[(&str, &str)]| {
        let registry = limited(&[&[("PULL_LIMIT", "0"), ("PULL_WINDOW", "60")], settings].concat());
        registry.get(MANIFEST)
    };
    let plain = refused(&[("PULL_REFUSAL", "plain"), ("PULL_RETRY_AFTER", "seconds")]);
    assert!(plain.body.starts_with(b"You have reached your pull rate limit"));
    let seconds: u64 = plain.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    let dated = refused(&[("PULL_RETRY_AFTER", "date")]);
    assert!(dated.header("retry-after").unwrap().ends_with(" GMT"), "{dated:?}");
}

#[test]
fn a_window_ends_and_the_limit_can_be_changed_while_it_runs() {
    let registry = limited(&[("PULL_WINDOW", "1")]);
    for _ in 0..3 {
        registry.get(MANIFEST);
    }
    let since = Instant::now();
    while registry.get(MANIFEST).status != 200 {
        assert!(since.elapsed() < PATIENCE, "the window never ends");
        std::thread::park_timeout(Duration::from_millis(20));
    }
    let limit = r#"{"limit": 1, "window_seconds": 21600}"#;
    assert_eq!(registry.control("PUT", "/limit", limit).status, 200);
    assert_eq!(registry.control("DELETE", "/pulls", "").status, 204);
    assert_eq!([registry.get(MANIFEST).status, registry.get(MANIFEST).status], [200, 429]);
    let shown = registry.control("GET", "/pulls", "").json();
    assert_eq!(shown["limit"], json!({"limit": 1, "window_seconds": 21_600}));
    assert_eq!(shown["sources"][0]["source"], "127.0.0.1");
    assert_eq!(shown["sources"][0]["remaining"], 0);
    let none = r#"{"limit": null, "window_seconds": 1}"#;
    assert_eq!(registry.control("PUT", "/limit", none).status, 200);
    assert_eq!(told(&registry.get(MANIFEST)), Limit::Unlimited);
    for wrong in
        ["", "{}", r#"{"limit": -1, "window_seconds": 1}"#, r#"{"limit": 1, "window_seconds": 0}"#]
    {
        assert_eq!(registry.control("PUT", "/limit", wrong).status, 422, "{wrong}");
    }
}

/// Pods have addresses of their own, and are behind one all the same.
#[test]
fn behind_one_address_there_is_one_counter() {
    let registry = limited(&[("PULL_SOURCE", "203.0.113.7")]);
    for remaining in [2, 1, 0] {
        let reply = registry.get(MANIFEST);
        assert_eq!((reply.status, told(&reply)), (200, left(remaining)));
        assert_eq!(reply.header("docker-ratelimit-source"), Some("203.0.113.7"));
    }
    assert_eq!(registry.get(MANIFEST).status, 429);
    let shown = registry.control("GET", "/pulls", "").json();
    assert_eq!(shown["sources"][0]["source"], "203.0.113.7");
}

#[test]
fn nobody_chooses_who_pays() {
    let registry = limited(&[]);
    for address in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
        let headers = [("X-Forwarded-For", address), ("X-Real-IP", address)];
        let reply = registry.ask("GET", MANIFEST, &headers, b"");
        assert_eq!(reply.header("docker-ratelimit-source"), Some("127.0.0.1"));
    }
    assert_eq!(registry.get(MANIFEST).status, 429);
}
