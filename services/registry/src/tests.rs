//! What `registry` promises to those who set it up and run it.

use instrument::{Env, Service};
use rocket::http::{ContentType, Status};
use rocket::local::asynchronous::Client;
use serde_json::Value;

async fn build<const N: usize>(settings: [(&str, &str); N]) -> (Client, Client) {
    let mut service = Service::new("registry", Env::of(settings)).unwrap();
    let business = crate::build(&mut service).unwrap();
    let admin = Client::untracked(service.into_admin()).await.unwrap();
    (Client::untracked(business).await.unwrap(), admin)
}

#[rocket::async_test]
async fn wrong_settings_are_refused_with_name_and_remedy() {
    for (name, value, remedy) in [
        ("REGISTRY_ROLE", "mirror", "origin or cache"),
        ("REGISTRY_ROLE", "cache", "set it to http://host:port"),
        ("REGISTRY_DIR", "/proc/registry", "a folder that can be written to"),
        ("REGISTRY_BYTES", "1G", "a number of bytes"),
        ("REGISTRY_AUTH", "basic", "none or token"),
        ("REGISTRY_PUSH", "nobody", "accounts or anybody"),
        ("ACCOUNTS", "ada", "name:password"),
        ("ACCOUNTS", "ada:secret", "set it to token"),
        ("PULL_LIMIT", "many", "a number, or to unlimited"),
        ("PULL_WINDOW", "0", "at least 1"),
        ("PULL_WINDOW", "6h", "a number of seconds"),
        ("PULL_REFILL", "drops", "window or bucket"),
        ("PULL_COUNTS", "layers", "manifests or images"),
        ("PULL_REFUSALS_COUNT", "yes", "true or false"),
        ("PULL_HEADERS", "none", "hub or empty or bare or draft or silent"),
        ("PULL_RETRY_AFTER", "soon", "never or seconds or date"),
        ("PULL_REFUSAL", "rude", "oci or plain"),
    ] {
        let mut service = Service::new("registry", Env::of([(name, value)])).unwrap();
        let error = crate::build(&mut service).unwrap_err().to_string();
        assert!(error.contains(remedy) && error.lines().count() == 1, "{name}={value}: {error}");
        assert!(!error.contains("secret"), "{error}");
    }
    for (name, value) in
        [("UPSTREAM", "https://a"), ("UPSTREAM", "http://a/b"), ("UPSTREAM_USER", "ada")]
    {
        let settings = [("REGISTRY_ROLE", "cache"), ("UPSTREAM", "http://a:1"), (name, value)];
        let mut service = Service::new("registry", Env::of(settings)).unwrap();
        let error = crate::build(&mut service).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
}

#[rocket::async_test]
async fn a_registry_without_settings_is_open_for_pulls_and_has_no_limit() {
    let (client, admin) = build([]).await;
    assert_eq!(client.get("/v2/").dispatch().await.status(), Status::Ok);
    let pulls: Value = admin.get("/pulls").dispatch().await.into_json().await.unwrap();
    assert_eq!(pulls["limit"]["limit"], Value::Null);
    let refused = client.post("/v2/a/blobs/uploads/").dispatch().await;
    assert_eq!(refused.status(), Status::Forbidden);
}

/// Under Rocket's own listener a body comes another way.
#[rocket::async_test]
async fn a_push_works_under_any_listener() {
    let (client, _) = build([("REGISTRY_PUSH", "anybody")]).await;
    let digest = oci::Digest::of(b"tea");
    let path = format!("/v2/a/blobs/uploads/?digest={digest}");
    let pushed = client.post(path).header(ContentType::Binary).body(b"tea").dispatch().await;
    assert_eq!(pushed.status(), Status::Created);
    let pulled = client.get(format!("/v2/a/blobs/{digest}")).dispatch().await;
    assert_eq!(pulled.into_bytes().await.unwrap(), b"tea");
}
