//! What `pull-limit-exporter` promises to those who set it up and ask it.

use instrument::{Env, Service};
use rocket::http::Status;
use rocket::local::asynchronous::Client;

#[rocket::async_test]
async fn wrong_settings_are_refused_with_name_and_remedy_and_without_passwords() {
    for (settings, remedy) in [
        ([("TARGETS", "registry:8000"), ("", "")], "set it to docker.io"),
        ([("TARGETS", "https://ada:hidden@a"), ("", "")], "target 1: "),
        ([("TARGETS", "docker.io"), ("TARGETS_FILE", "/x")], "TARGETS_FILE, too"),
        ([("TARGETS_FILE", "/nonexistent/targets"), ("", "")], "/nonexistent/targets: "),
        ([("PROBE_EVERY", "0"), ("", "")], "at least 1"),
        ([("PROBE_TIMEOUT", "-1"), ("", "")], "a number of seconds"),
        ([("LEGACY_NAMES", "yes"), ("", "")], "true or false"),
        ([("CA_FILE", "/nonexistent/ca.pem"), ("", "")], "certificates in PEM"),
    ] {
        let mut service = Service::new("pull-limit-exporter", Env::of(settings)).unwrap();
        let error = crate::build(&mut service).unwrap_err().to_string();
        assert!(error.contains(settings[0].0) && error.contains(remedy), "{error}");
        assert!(!error.contains("hidden") && error.lines().count() == 1, "{error}");
    }
}

#[rocket::async_test]
async fn a_probe_without_a_target_is_refused_with_an_example() {
    let mut service = Service::new("pull-limit-exporter", Env::of([])).unwrap();
    let client = Client::untracked(crate::build(&mut service).unwrap()).await.unwrap();
    for path in ["/probe", "/probe?target=a", "/probe?target=http://ada:hidden@a/b"] {
        let answer = client.get(path).dispatch().await;
        assert_eq!(answer.status(), Status::BadRequest, "{path}");
        let why = answer.into_string().await.unwrap();
        assert!(why.contains("ask e.g. for /probe?target=") && !why.contains("hidden"), "{why}");
    }
    let path = "/probe?target=http://127.0.0.1:1/shop:v1";
    let text = client.get(path).dispatch().await.into_string().await.unwrap();
    assert!(
        text.contains("reason=\"unreachable\"") && text.contains("state=\"unknown\""),
        "{text}"
    );
    assert!(
        !text.contains("pull_counts_remaining") && !text.contains("pull_counts_limit"),
        "{text}"
    );
}
