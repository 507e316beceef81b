//! What `zone-exporter` promises to those who set it up and ask it.

use instrument::{Env, Service};
use rocket::http::Status;
use rocket::local::asynchronous::Client;

async fn client() -> Client {
    let mut service = Service::new("zone-exporter", Env::of([])).unwrap();
    Client::untracked(crate::build(&mut service).unwrap()).await.unwrap()
}

#[rocket::async_test]
async fn wrong_settings_are_refused_with_name_and_remedy() {
    for (settings, remedy) in [
        ([("ZONES", "example.org"), ("", "")], "SERVERS to host"),
        ([("ZONES", "a..b"), ("SERVERS", "ns1")], "ZONES to names"),
        ([("ZONES", "a"), ("SERVERS", "ns1:dns")], "host:port"),
        ([("PROBE_EVERY", "0"), ("", "")], "at least 1"),
        ([("PROBE_TIMEOUT", "-1"), ("", "")], "a number of seconds"),
    ] {
        let mut service = Service::new("zone-exporter", Env::of(settings)).unwrap();
        let error = crate::build(&mut service).unwrap_err().to_string();
        assert!(error.contains(settings[0].0) && error.contains(remedy), "{error}");
    }
}

#[rocket::async_test]
async fn a_probe_without_a_target_is_refused_with_an_example() {
    let client = client().await;
    for path in ["/probe", "/probe?zone=a", "/probe?server=b", "/probe?zone=a..b&server=c"] {
        let answer = client.get(path).dispatch().await;
        assert_eq!(answer.status(), Status::BadRequest, "{path}");
        let why = answer.into_string().await.unwrap();
        assert!(why.contains("ask e.g. for /probe?zone="), "{why}");
    }
}

#[rocket::async_test]
async fn a_server_that_is_not_there_has_a_reason_and_no_serial() {
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    drop(taken);
    let client = client().await;
    let path = format!("/probe?zone=tale.example&server=127.0.0.1:{port}");
    let text = client.get(path).dispatch().await.into_string().await.unwrap();
    assert!(
        text.contains("reason=\"unreachable\"") && text.contains("zone_probe_success"),
        "{text}"
    );
    assert!(!text.contains("zone_serial") && !text.contains("zone_signed"), "{text}");
}
