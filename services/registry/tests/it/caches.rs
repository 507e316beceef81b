//! A cache before a registry: what it saves, and what it says when there is nothing to give.

use std::sync::Arc;

use oci::Digest;
use oci::manifest::IMAGE;
use serde_json::Value;

use crate::support::{Image, Registry, Reply};

const MANIFEST: &str = "/v2/shop/manifests/v1";

/// An origin with an image, and a cache before it.
fn pair(settings: &[(&str, &str)]) -> (Registry, Registry, Image) {
    let origin = Registry::open(settings);
    let image = origin.push("shop", "v1", b"tea", &Value::Null);
    let cache = Registry::open(&[("REGISTRY_ROLE", "cache"), ("UPSTREAM", &origin.url())]);
    (origin, cache, image)
}

fn counted(registry: &Registry) -> f64 {
    registry.value("registry_pulls_total{result=\"counted\"}")
}

fn did(cache: &Registry, what: &str, result: &str) -> f64 {
    cache.value(&format!("registry_cache_requests_total{{result=\"{result}\",what=\"{what}\"}}"))
}

/// Manifest and layer, as a client pulls them.
fn pull(registry: &Registry, image: &Image) -> [Reply; 2] {
    let layer = format!("/v2/shop/blobs/{}", image.layer);
    [registry.get(MANIFEST), registry.get(&layer)]
}

fn is_whole(replies: &[Reply; 2], image: &Image) {
    assert_eq!((replies[0].status, &replies[0].body), (200, &image.bytes));
    assert_eq!(replies[0].header("content-type"), Some(IMAGE));
    assert_eq!((replies[1].status, &replies[1].body[..]), (200, &b"tea"[..]));
}

#[test]
fn the_second_pull_costs_nothing() {
    let (origin, cache, image) = pair(&[("PULL_LIMIT", "1")]);
    for _ in 0..5 {
        is_whole(&pull(&cache, &image), &image);
    }
    assert_eq!((counted(&origin), origin.value("registry_looks_total")), (1.0, 4.0));
    assert_eq!([did(&cache, "manifest", "miss"), did(&cache, "manifest", "hit")], [1.0, 4.0]);
    assert_eq!([did(&cache, "blob", "miss"), did(&cache, "blob", "hit")], [1.0, 4.0]);
}

#[test]
fn a_look_costs_nothing_even_when_it_is_cold() {
    let (origin, cache, image) = pair(&[("PULL_LIMIT", "1")]);
    for path in [MANIFEST.to_owned(), format!("/v2/shop/manifests/{}", image.digest)] {
        let (seen, own) = (cache.head(&path), origin.head(&path));
        assert_eq!(seen.status, 200);
        for name in ["content-type", "content-length", "docker-content-digest"] {
            assert_eq!(seen.header(name), own.header(name), "{name}");
        }
    }
    let layer = cache.head(&format!("/v2/shop/blobs/{}", image.layer));
    assert_eq!((layer.status, layer.header("content-length")), (200, Some("3")));
    assert_eq!(cache.head("/v2/shop/manifests/v9").status, 404);
    assert_eq!(counted(&origin), 0.0);
    assert_eq!(cache.value("registry_content_bytes"), 0.0);
}

#[test]
fn a_hundred_who_come_at_once_cost_one_pull() {
    let (origin, cache, image) = pair(&[("PULL_LIMIT", "1")]);
    let (cache, image) = (Arc::new(cache), Arc::new(image));
    let all: Vec<_> = (0..100)
        .map(|_| {
            let (cache, image) = (cache.clone(), image.clone());
            std::thread::spawn(move || is_whole(&pull(&cache, &image), &image))
        })
        .collect();
    all.into_iter().for_each(|one| one.join().unwrap());
    assert_eq!(counted(&origin), 1.0);
    assert_eq!(did(&cache, "blob", "miss"), 1.0);
}

#[test]
fn warm_content_is_there_when_the_upstream_is_limited_or_gone() {
    let (mut origin, cache, image) = pair(&[("PULL_LIMIT", "1")]);
    is_whole(&pull(&cache, &image), &image);
    assert_eq!(origin.get(MANIFEST).status, 429);
    is_whole(&pull(&cache, &image), &image);
    // Moved meanwhile, and not to be had: what is known is better than nothing.
    origin.push("shop", "v1", b"coffee", &Value::Null);
    is_whole(&pull(&cache, &image), &image);
    assert_eq!(did(&cache, "manifest", "stale"), 1.0);
    origin.kill();
    is_whole(&pull(&cache, &image), &image);
    assert_eq!(cache.head(MANIFEST).status, 200);
    assert_eq!(did(&cache, "manifest", "stale"), 2.0);
    let cold = cache.get("/v2/shop/manifests/v2");
    assert_eq!(cold.error(), (502, "UNKNOWN".to_owned()));
}

#[test]
fn a_cold_pull_that_is_refused_is_refused_in_the_same_words() {
    let settings = [("PULL_LIMIT", "0"), ("PULL_RETRY_AFTER", "seconds"), ("PULL_WINDOW", "60")];
    let (origin, cache, _) = pair(&settings);
    let (own, passed) = (origin.get(MANIFEST), cache.get(MANIFEST));
    assert_eq!(passed.error(), (429, "TOOMANYREQUESTS".to_owned()));
    assert_eq!(passed.json()["errors"][0]["message"], own.json()["errors"][0]["message"]);
    for name in ["ratelimit-limit", "ratelimit-remaining"] {
        assert_eq!(passed.header(name), own.header(name), "{name}");
    }
    let seconds: u64 = passed.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds));
    assert_eq!(did(&cache, "manifest", "failed"), 1.0);
    // And when there is something left again, there it is.
    origin.control("PUT", "/limit", r#"{"limit": 1, "window_seconds": 60}"#);
    assert_eq!(cache.get(MANIFEST).status, 200);
}

#[test]
fn a_plain_refusal_is_passed_on_too() {
    let (_origin, cache, _) = pair(&[("PULL_LIMIT", "0"), ("PULL_REFUSAL", "plain")]);
    let passed = cache.get(MANIFEST);
    assert_eq!(passed.error(), (429, "TOOMANYREQUESTS".to_owned()));
    let message = passed.json()["errors"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("You have reached your pull rate limit"), "{message}");
}

#[test]
fn a_tag_that_has_moved_is_followed() {
    let (origin, cache, image) = pair(&[]);
    is_whole(&pull(&cache, &image), &image);
    let next = origin.push("shop", "v1", b"coffee", &Value::Null);
    assert_eq!(cache.get(MANIFEST).body, next.bytes);
    assert_eq!(cache.get(&format!("/v2/shop/manifests/{}", image.digest)).body, image.bytes);
}

#[test]
fn it_outlives_itself_and_starts_before_its_upstream() {
    let folder = tempfile::tempdir().unwrap();
    let (mut origin, first, image) = pair(&[]);
    drop(first);
    let upstream = origin.url();
    let settings = [
        ("REGISTRY_ROLE", "cache"),
        ("UPSTREAM", upstream.as_str()),
        ("REGISTRY_DIR", folder.path().to_str().unwrap()),
    ];
    let cache = Registry::start(&settings);
    is_whole(&pull(&cache, &image), &image);
    drop(cache);
    origin.kill();
    let cache = Registry::start(&settings);
    is_whole(&pull(&cache, &image), &image);
}

#[test]
fn with_an_account_it_asks_for_a_token_as_everybody_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let open = Registry::start(&[("REGISTRY_DIR", path), ("REGISTRY_PUSH", "anybody")]);
    let image = open.push("shop", "v1", b"tea", &Value::Null);
    drop(open);
    let origin = Registry::start(&[
        ("REGISTRY_DIR", path),
        ("REGISTRY_AUTH", "token"),
        ("ACCOUNTS", "mirror:secret:1"),
        ("PULL_LIMIT", "0"),
    ]);
    let url = origin.url();
    let cache = |user| {
        Registry::start(&[("REGISTRY_ROLE", "cache"), ("UPSTREAM", &url), ("UPSTREAM_USER", user)])
    };
    let known = cache("mirror:secret");
    for _ in 0..3 {
        is_whole(&pull(&known, &image), &image);
    }
    let tokens =
        "rocket_http_requests_total{endpoint=\"/token?<scope>\",method=\"GET\",status=\"200\"}";
    assert_eq!(origin.value(tokens), 1.0, "and keeps it");
    assert_eq!(cache("").get(MANIFEST).status, 429, "nobody's limit is used up");
    assert_eq!(cache("mirror:wrong").get(MANIFEST).error(), (403, "DENIED".to_owned()));
}

#[test]
fn lists_come_from_upstream() {
    let (origin, cache, _) = pair(&[]);
    origin.push("shop", "v2", b"tea", &Value::Null);
    let (own, passed) = (origin.get("/v2/shop/tags/list?n=1"), cache.get("/v2/shop/tags/list?n=1"));
    assert_eq!((own.json(), own.header("link")), (passed.json(), passed.header("link")));
    let path = format!("/v2/shop/referrers/{}", Digest::of(b"x"));
    assert_eq!(origin.get(&path).json(), cache.get(&path).json());
    assert_eq!(cache.get("/v2/other/tags/list").error(), (404, "NAME_UNKNOWN".to_owned()));
}

#[test]
fn nobody_pushes_to_a_cache() {
    let (_origin, cache, _) = pair(&[]);
    let reply = cache.ask("POST", "/v2/shop/blobs/uploads/", &[], b"");
    assert_eq!(reply.error(), (405, "UNSUPPORTED".to_owned()));
}

/// Whoever sits between may send anything.
#[test]
fn what_the_upstream_gives_is_checked() {
    let (origin, cache, image) = pair(&[]);
    let folder = origin.folder().join("blobs/sha256");
    std::fs::write(folder.join(image.layer.hex()), b"TEA").unwrap();
    let reply = cache.get(&format!("/v2/shop/blobs/{}", image.layer));
    assert_eq!(reply.status, 502, "{reply:?}");
    assert_eq!(cache.value("registry_content_bytes"), 0.0);
    origin.push_blob("shop", b"tea");
    is_whole(&pull(&cache, &image), &image);
}
