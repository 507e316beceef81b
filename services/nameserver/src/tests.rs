//! What `nameserver` promises to those who set it up and run it.

use instrument::{Env, Service};
use prometheus::Registry;
use rocket::http::{ContentType, Status};
use rocket::local::asynchronous::Client;
use serde_json::Value;

async fn admin<const N: usize>(settings: [(&str, &str); N]) -> (Client, Registry) {
    let mut service = Service::new("nameserver", Env::of(settings)).unwrap();
    crate::build(&mut service).unwrap();
    let registry = service.registry.clone();
    (Client::untracked(service.into_admin()).await.unwrap(), registry)
}

async fn put(admin: &Client, path: &'static str, body: &str) -> (Status, String) {
    let answer = admin.put(path).header(ContentType::JSON).body(body).dispatch().await;
    (answer.status(), answer.into_string().await.unwrap())
}

fn fault(registry: &Registry, name: &str) -> f64 {
    let families = registry.gather();
    let family = families.iter().find(|family| family.name() == "fault_active").unwrap();
    let found = family.get_metric().iter().find(|one| one.get_label()[0].value() == name);
    found.unwrap().get_gauge().get_value()
}

#[rocket::async_test]
async fn wrong_settings_are_refused_with_name_and_remedy() {
    for (name, value, remedy) in [
        ("NAMESERVER_ROLE", "tertiary", "primary or secondary"),
        ("NAMESERVER_ROLE", "secondary", "PRIMARY"),
        ("ZONE", "a..b", "the zone's name"),
        ("ZONE_FILE", "/nonexistent/zone", "a zone file"),
        ("ZONE_RECORDS", "www A 192.0.2.1", "0 SOA records at tale.example"),
        ("ZONE_RECORDS", "www A nowhere", "ZONE_RECORDS: "),
        ("TSIG_KEYS", "secret", "name:hmac-sha256:base64"),
        ("NOTIFY", "ns1", "host:port"),
        ("DNS_PORT", "dns", "a port"),
        ("DNS_ADDRESS", "here", "an IP address"),
        ("STATE_DIR", "/proc/nameserver", "a folder"),
        ("SIGN_REFRESH", "1d", "a number of seconds"),
    ] {
        let env = Env::of([("DNS_PORT", "0"), (name, value)]);
        let mut service = Service::new("nameserver", env).unwrap();
        let error = crate::build(&mut service).unwrap_err().to_string();
        assert!(error.contains(name) || error.contains(remedy), "{error}");
        assert!(error.contains(remedy) && error.lines().count() == 1, "{error}");
    }
}

#[rocket::async_test]
async fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut service = Service::new("nameserver", Env::of([("DNS_PORT", &port)])).unwrap();
    let error = crate::build(&mut service).unwrap_err().to_string();
    assert!(error.contains("DNS_PORT") && error.contains(&port), "{error}");
}

#[rocket::async_test]
async fn the_admin_port_shows_and_changes_what_a_primary_does() {
    let (admin, registry) = admin([("DNS_PORT", "0")]).await;
    let shown: Value = admin.get("/zone").dispatch().await.into_json().await.unwrap();
    assert_eq!(shown["zone"], "tale.example.");
    assert_eq!(shown["serial"], Value::Null, "nothing is signed before the service runs");
    let anchor = admin.get("/trust-anchor").dispatch().await.into_string().await.unwrap();
    assert!(anchor.contains("IN DNSKEY 257 3 13 ") && anchor.contains(" IN DS "), "{anchor}");

    let policy =
        r#"{"lifetime_seconds": 120, "refresh_seconds": 1, "propagation_delay_seconds": 0}"#;
    assert_eq!(put(&admin, "/policy", policy).await.0, Status::Ok, "taken, and it cannot work");
    let (status, text) = put(&admin, "/serial", r#"{"serial": 42}"#).await;
    assert_eq!((status, text.as_str()), (Status::Ok, r#"{"serial":42}"#));
    let body = r#"{"add": ["new A 192.0.2.1"], "remove": ["www A 192.0.2.80"]}"#;
    let changed = admin.post("/changes").header(ContentType::JSON).body(body).dispatch().await;
    assert_eq!(changed.status(), Status::Ok);
    let shown: Value = admin.get("/zone").dispatch().await.into_json().await.unwrap();
    assert!(shown["serial"].as_u64() > Some(1_700_000_000), "{shown}");

    assert_eq!(put(&admin, "/transfers", r#"{"allowed": false}"#).await.0, Status::Ok);
    assert_eq!(fault(&registry, "transfers_refused"), 1.0);
    assert_eq!(put(&admin, "/transfers", r#"{"allowed": true}"#).await.0, Status::Ok);
    assert_eq!(fault(&registry, "transfers_refused"), 0.0);
    assert_eq!(put(&admin, "/freeze", r#"{"frozen": true}"#).await.0, Status::Conflict);
}

#[rocket::async_test]
async fn a_secondary_can_be_frozen_and_told_to_copy_again_but_not_changed() {
    let settings = [("DNS_PORT", "0"), ("NAMESERVER_ROLE", "secondary"), ("PRIMARY", "[::1]:53")];
    let (admin, registry) = admin(settings).await;
    assert_eq!(put(&admin, "/freeze", r#"{"frozen": true}"#).await.0, Status::Ok);
    assert_eq!(fault(&registry, "frozen"), 1.0);
    assert_eq!(admin.post("/retransfer").dispatch().await.status(), Status::Accepted);
    for path in ["/policy", "/serial"] {
        let (status, why) = put(&admin, path, "{}").await;
        assert!(status == Status::Conflict && why.contains("primary"), "{path}: {why}");
    }
}

#[rocket::async_test]
async fn what_is_not_understood_is_answered_with_an_example_and_changes_nothing() {
    let (admin, _) = admin([("DNS_PORT", "0")]).await;
    for (path, body) in [
        ("/policy", r#"{"lifetime_seconds": -1}"#),
        ("/policy", "{}"),
        ("/serial", r#"{"serial": 4294967296}"#),
        ("/serial", "42"),
        ("/transfers", r#"{"allow": false}"#),
        ("/transfers", ""),
    ] {
        let (status, why) = put(&admin, path, body).await;
        assert_eq!(status, Status::UnprocessableEntity, "{path} {body}");
        assert!(why.contains("send e.g. {") && why.lines().count() == 1, "{why}");
    }
    for body in
        [r#"{"add": ["nonsense"]}"#, r#"{"add": ["a.other. A 192.0.2.1"]}"#, r#"{"added": []}"#]
    {
        let answer = admin.post("/changes").header(ContentType::JSON).body(body).dispatch().await;
        assert_eq!(answer.status(), Status::UnprocessableEntity, "{body}");
    }
    let shown: Value = admin.get("/zone").dispatch().await.into_json().await.unwrap();
    assert_eq!(shown["serial"], Value::Null);
}
