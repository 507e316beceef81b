//! Who is let in: a challenge, a token, and whose pulls they are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oci::challenge::{Challenge, Token};
use oci::ratelimit::{Limit, read};
use serde_json::Value;

use crate::support::{Registry, Reply};

const MANIFEST: &str = "/v2/shop/manifests/v1";

/// With what was pushed before anybody was asked who he is.
fn guarded(settings: &[(&str, &str)]) -> (Registry, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let open = Registry::start(&[("REGISTRY_DIR", path), ("REGISTRY_PUSH", "anybody")]);
    open.push("shop", "v1", b"tea", &Value::Null);
    drop(open);
    let mut all = vec![
        ("REGISTRY_DIR", path),
        ("REGISTRY_AUTH", "token"),
        ("ACCOUNTS", "ada:secret:7,bob:hidden"),
        ("PULL_LIMIT", "3"),
    ];
    all.extend(settings);
    (Registry::start(&all), folder)
}

fn token(registry: &Registry, scope: &str, basic: Option<&str>) -> Reply {
    let basic = basic.map(|user| format!("Basic {}", STANDARD.encode(user)));
    let headers: Vec<_> = basic.iter().map(|basic| ("Authorization", basic.as_str())).collect();
    registry.ask("GET", &format!("/token?service=registry&scope={scope}"), &headers, b"")
}

fn bearer(reply: &Reply) -> String {
    let token: Token = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(token.expires_in, 300);
    format!("Bearer {}", token.text().unwrap())
}

fn with(registry: &Registry, method: &str, path: &str, bearer: &str) -> Reply {
    registry.ask(method, path, &[("Authorization", bearer)], b"")
}

#[test]
fn whoever_comes_without_a_token_learns_where_there_is_one() {
    let (registry, _folder) = guarded(&[]);
    let reply = registry.get(MANIFEST);
    assert_eq!(reply.error(), (401, "UNAUTHORIZED".to_owned()));
    let challenge = Challenge::parse(reply.header("www-authenticate").unwrap()).unwrap();
    assert_eq!(challenge.realm, format!("{}/token", registry.url()));
    assert_eq!(challenge.scope.as_deref(), Some("repository:shop:pull"));
    assert_eq!(registry.get("/v2/").status, 401);
    let bearer = bearer(&token(&registry, "repository:shop:pull", None));
    assert_eq!(with(&registry, "GET", "/v2/", &bearer).status, 200);
    let reply = with(&registry, "GET", MANIFEST, &bearer);
    assert_eq!((reply.status, reply.header("docker-ratelimit-source")), (200, Some("127.0.0.1")));
}

#[test]
fn a_token_is_for_what_it_was_asked_for() {
    let (registry, _folder) = guarded(&[]);
    let other = bearer(&token(&registry, "repository:other:pull", Some("ada:secret")));
    let reply = with(&registry, "GET", MANIFEST, &other);
    assert_eq!(reply.status, 401);
    assert!(reply.header("www-authenticate").unwrap().ends_with("error=\"insufficient_scope\""));
    let push = "repository:shop:pull,push";
    let path = "/v2/shop/blobs/uploads/";
    let nobody = bearer(&token(&registry, push, None));
    assert_eq!(with(&registry, "POST", path, &nobody).status, 401, "who is not known may not push");
    let ada = bearer(&token(&registry, push, Some("ada:secret")));
    assert_eq!(with(&registry, "POST", path, &ada).status, 202);
}

#[test]
fn accounts_have_limits_of_their_own() {
    let (registry, _folder) = guarded(&[]);
    let scope = "repository:shop:pull";
    let told = |reply: &Reply| read(|name| reply.header(name));
    let ada = bearer(&token(&registry, scope, Some("ada:secret")));
    let reply = with(&registry, "GET", MANIFEST, &ada);
    assert_eq!(
        told(&reply),
        Limit::Limited { limit: 7, remaining: 6, window_seconds: Some(21_600) }
    );
    assert_eq!(reply.header("docker-ratelimit-source"), Some("ada"));
    let bob = bearer(&token(&registry, scope, Some("bob:hidden")));
    for _ in 0..5 {
        let reply = with(&registry, "GET", MANIFEST, &bob);
        assert_eq!((reply.status, told(&reply)), (200, Limit::Unlimited));
    }
    let nobody = bearer(&token(&registry, scope, None));
    let reply = with(&registry, "HEAD", MANIFEST, &nobody);
    assert!(matches!(told(&reply), Limit::Limited { limit: 3, remaining: 3, .. }), "{reply:?}");
}

#[test]
fn bogus_tokens_and_passwords_are_refused() {
    let (registry, _folder) = guarded(&[]);
    for user in ["ada:wrong", "eve:secret", "ada", ""] {
        let reply = token(&registry, "repository:shop:pull", Some(user));
        assert_eq!(reply.error(), (401, "UNAUTHORIZED".to_owned()), "{user}");
    }
    let long = format!("Bearer {}", "a.".repeat(7000));
    let good = bearer(&token(&registry, "repository:shop:pull", None));
    let half = good[..good.len() / 2].to_owned();
    for bogus in
        ["Bearer", "Bearer ", "Bearer x", "Bearer a.b", "Basic YWRhOnNlY3JldA==", &half, &long]
    {
        let reply = with(&registry, "GET", MANIFEST, bogus);
        assert_eq!(reply.error(), (401, "UNAUTHORIZED".to_owned()), "{bogus:.40}");
    }
    let (other, _other) = guarded(&[]);
    let foreign = bearer(&token(&other, "repository:shop:pull", None));
    assert_eq!(with(&registry, "GET", MANIFEST, &foreign).status, 401);
    assert_eq!(registry.value("registry_pulls_total{result=\"counted\"}"), 0.0);
}

#[test]
fn where_nobody_asks_for_tokens_nobody_pushes_unless_all_may() {
    let registry = Registry::start(&[]);
    let reply = registry.ask("POST", "/v2/shop/blobs/uploads/", &[], b"");
    assert_eq!(reply.error(), (403, "DENIED".to_owned()));
    assert_eq!(registry.get("/token?scope=repository:a:pull").status, 404);
}
