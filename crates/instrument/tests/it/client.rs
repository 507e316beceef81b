//! The outgoing client against a tiny HTTP server on loopback: results, metrics, DNS per request,
//! trace headers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::base::iana::Rcode;
use instrument::{
    client::{CALL_SECONDS, CallResult, Client, ClientError, Limits, MAX_BODY_BYTES, Method},
    dns::Outcome,
};
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::{
    error::OTelSdkResult,
    propagation::TraceContextPropagator,
    trace::{SdkTracerProvider, SpanData, SpanExporter},
};
use tracing::Instrument;
use tracing_subscriber::layer::SubscriberExt;

use crate::support::{
    Fixture,
    dns_server::{DnsServer, Reply},
    http_server::{answer, http},
    resolver, watch,
};

/// A name server that knows every name as 127.0.0.1, and a client for the peer `orders`.
async fn client() -> (DnsServer, Fixture, Client) {
    client_with(Reply::address("127.0.0.1"), Limits::default()).await
}

async fn client_with(reply: Reply, limits: Limits) -> (DnsServer, Fixture, Client) {
    let dns = DnsServer::start(move |_| reply.clone()).await;
    let fixture = resolver(&format!("{}options attempts:1", dns.nameserver()), dns.port());
    let client =
        Client::with_limits(fixture.resolver.clone(), "orders", &fixture.registry, limits).unwrap();
    (dns, fixture, client)
}

/// Exactly one call was recorded, with this result.
fn assert_recorded(fixture: &Fixture, result: CallResult) {
    for other in CallResult::ALL {
        let expected = Some(u64::from(other == result));
        assert_eq!(fixture.count(CALL_SECONDS, other.as_str()), expected, "{other:?}");
    }
}

#[tokio::test]
async fn the_status_class_is_the_result() {
    for (status, result) in [
        ("200 OK", CallResult::Success),
        ("302 Found\r\nLocation: /elsewhere", CallResult::Redirect),
        ("404 Not Found", CallResult::ClientError),
        ("503 Service Unavailable", CallResult::ServerError),
    ] {
        let server = http(answer(status, "hello")).await;
        let (_dns, fixture, client) = client().await;
        let got = client.get(&format!("http://orders.:{}/", server.port)).await.unwrap();
        assert_eq!(
            (got.status.to_string().as_str(), got.body.as_slice()),
            (&status[..3], &b"hello"[..])
        );
        assert_eq!(got.is_success(), result == CallResult::Success);
        assert_recorded(&fixture, result);
    }
}

#[tokio::test]
async fn every_request_looks_the_name_up_again() {
    let server = http(answer("200 OK", "{}")).await;
    let (dns, _fixture, client) = client().await;
    for _ in 0..5 {
        client.get(&format!("http://orders.:{}/", server.port)).await.unwrap();
    }
    assert_eq!(dns.questions(), vec!["orders. A"; 5]);
}

#[tokio::test]
async fn an_ip_address_in_the_url_needs_no_lookup() {
    let server = http(answer("200 OK", "{}")).await;
    let (dns, _fixture, client) = client().await;
    client.get(&format!("http://127.0.0.1:{}/", server.port)).await.unwrap();
    assert_eq!(dns.questions(), [""; 0]);
}

#[tokio::test]
async fn json_goes_out_and_comes_back() {
    let mut server = http(answer("201 Created", r#"{"id":7}"#)).await;
    let (_dns, _fixture, client) = client().await;
    let url = format!("http://orders.:{}/orders", server.port);
    let got = client.post_json(&url, &serde_json::json!({"item": "tea"})).await.unwrap();
    assert_eq!(got.json::<serde_json::Value>().unwrap(), serde_json::json!({"id": 7}));
    let request = server.requests.recv().await.unwrap();
    assert!(request.starts_with("POST /orders HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("content-type: application/json\r\n"), "{request}");
    assert!(request.ends_with(r#"{"item":"tea"}"#), "{request}");
}

#[tokio::test]
async fn a_failed_lookup_is_dns_and_keeps_its_reason() {
    let (_dns, fixture, client) =
        client_with(Reply::Rcode(Rcode::SERVFAIL), Limits::default()).await;
    let error = client.get("http://orders.:8000/").await.unwrap_err();
    assert_eq!(error.result(), CallResult::Dns);
    assert_eq!(error.lookup().unwrap().outcome(), Outcome::Servfail);
    assert!(error.to_string().contains("SERVFAIL"), "{error}");
    assert_recorded(&fixture, CallResult::Dns);
}

#[tokio::test]
async fn nobody_listening_is_connect() {
    let port = http("").await.port; // gone at the end of this line
    let (_dns, fixture, client) = client_with(Reply::address("127.9.9.9"), Limits::default()).await;
    client.get(&format!("http://orders.:{port}/")).await.unwrap_err();
    assert_recorded(&fixture, CallResult::Connect);
}

#[tokio::test]
async fn a_silent_callee_is_timeout() {
    let server = http("").await;
    let limits = Limits { total: Duration::from_millis(100), ..Limits::default() };
    let (_dns, fixture, client) = client_with(Reply::address("127.0.0.1"), limits).await;
    client.get(&format!("http://orders.:{}/", server.port)).await.unwrap_err();
    assert_recorded(&fixture, CallResult::Timeout);
}

#[tokio::test]
async fn a_silent_name_server_is_timeout_once_the_limit_for_connecting_is_reached() {
    let limits = Limits { connect: Duration::from_millis(100), ..Limits::default() };
    let (_dns, fixture, client) = client_with(Reply::Silence, limits).await;
    client.get("http://orders.:8000/").await.unwrap_err();
    assert_recorded(&fixture, CallResult::Timeout);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_other() {
    let server = http("HTTP/1.1 200 nonsense\r\nContent-Length: x\r\n\r\n").await;
    let (_dns, fixture, client) = client().await;
    client.get(&format!("http://orders.:{}/", server.port)).await.unwrap_err();
    assert_recorded(&fixture, CallResult::Other);
}

#[tokio::test]
async fn an_endless_body_is_cut_off() {
    let server = http(answer("200 OK", &"x".repeat(MAX_BODY_BYTES + 1))).await;
    let (_dns, fixture, client) = client().await;
    let error = client.get(&format!("http://orders.:{}/", server.port)).await.unwrap_err();
    assert!(error.to_string().contains("longer than"), "{error}");
    assert_recorded(&fixture, CallResult::Other);
}

#[tokio::test]
async fn headers_go_out_and_come_back() {
    let mut server = http(answer("200 OK\r\nX-Left: 7", "")).await;
    let (_dns, fixture, client) = client().await;
    let url = format!("http://orders.:{}/", server.port);
    let got = client.ask(Method::HEAD, &url, &[("Accept", "a/b"), ("Accept", "c/d")]).await;
    assert_eq!(got.unwrap().header("x-left"), Some("7"));
    let asked = server.requests.recv().await.unwrap().to_lowercase();
    assert!(
        asked.starts_with("head / ") && asked.contains("accept: a/b\r\naccept: c/d\r\n"),
        "{asked}"
    );
    assert_recorded(&fixture, CallResult::Success);
}

#[tokio::test]
async fn a_download_is_as_long_as_it_likes() {
    let body = "x".repeat(3 * MAX_BODY_BYTES);
    let server = http(answer("200 OK", &body)).await;
    let (_dns, fixture, client) = client().await;
    let url = format!("http://orders.:{}/", server.port);
    let (head, mut download) = client.download(&url, &[]).await.unwrap();
    let mut bytes = 0;
    while let Some(piece) = download.next().await.unwrap() {
        bytes += piece.len();
    }
    assert_eq!((head.status, bytes), (200, body.len()));
    assert_recorded(&fixture, CallResult::Success);
}

#[tokio::test]
async fn a_download_that_does_not_begin_or_go_on_is_timeout() {
    let limits = Limits { total: Duration::from_millis(200), ..Limits::default() };
    let silent = http("").await;
    let (_dns, fixture, client) = client_with(Reply::address("127.0.0.1"), limits).await;
    let url = format!("http://orders.:{}/", silent.port);
    let why = client.download(&url, &[]).await.unwrap_err();
    assert_eq!(why.result(), CallResult::Timeout, "{why}");
    assert_recorded(&fixture, CallResult::Timeout);
    let half = http("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nxx").await;
    let url = format!("http://orders.:{}/", half.port);
    let (_, mut download) = client.download(&url, &[]).await.unwrap();
    assert_eq!(download.next().await.unwrap().unwrap(), "xx");
    let why = download.next().await.unwrap_err();
    assert_eq!(why.result(), CallResult::Timeout, "{why}");
}

#[tokio::test]
async fn something_that_is_not_a_url_is_other_and_says_so() {
    let (_dns, fixture, client) = client().await;
    let error = client.get("orders/7").await.unwrap_err();
    assert!(error.to_string().contains("`orders/7` is not a URL"), "{error}");
    assert_recorded(&fixture, CallResult::Other);
}

#[tokio::test]
async fn clients_for_two_peers_share_a_registry_and_two_for_one_peer_do_not() {
    let (_dns, fixture, _client) = client().await;
    Client::new(fixture.resolver.clone(), "prices", &fixture.registry).unwrap();
    let error = Client::new(fixture.resolver.clone(), "orders", &fixture.registry).unwrap_err();
    assert!(matches!(error, ClientError::Metrics { peer: "orders", .. }), "{error}");
    let families = fixture.registry.gather();
    let family: Vec<_> = families.iter().filter(|family| family.name() == CALL_SECONDS).collect();
    assert_eq!(family.len(), 1, "one family, however many clients");
    assert_eq!(family[0].get_metric().len(), 2 * CallResult::ALL.len());
}

#[tokio::test]
async fn the_trace_of_the_caller_is_continued_in_the_headers() {
    let mut server = http(answer("200 OK", "{}")).await;
    let (_dns, _fixture, client) = client().await;
    let url = format!("http://orders.:{}/", server.port);

    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let provider = SdkTracerProvider::builder().build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    let _guard = watch(tracing_subscriber::registry().with(layer));
    let caller = tracing::info_span!("caller");
    let trace = {
        use opentelemetry::trace::TraceContextExt;
        use tracing_opentelemetry::OpenTelemetrySpanExt;
        caller.context().span().span_context().trace_id().to_string()
    };
    client.get(&url).instrument(caller).await.unwrap();

    let request = server.requests.recv().await.unwrap();
    let header = request
        .lines()
        .find_map(|line| line.strip_prefix("traceparent: "))
        .expect("a traceparent header");
    let parts: Vec<_> = header.split('-').collect();
    assert_eq!(
        (parts.len(), parts[0], parts[1], parts[3]),
        (4, "00", trace.as_str(), "01"),
        "{header}"
    );
}

/// An exporter that keeps what it gets.
#[derive(Clone, Debug, Default)]
struct Kept(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Kept {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap().extend(batch);
        Ok(())
    }
}

#[tokio::test]
async fn the_span_of_a_call_has_opentelemetrys_attributes_and_no_password() {
    let kept = Kept::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(kept.clone()).build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("test"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false);
    let _guard = watch(tracing_subscriber::registry().with(layer));

    let server = http(answer("503 Service Unavailable", "")).await;
    let gone = http("").await.port; // gone at the end of this line
    let (_dns, _fixture, client) = client().await;
    client.get(&format!("http://ada:secret@orders.:{}/orders/7", server.port)).await.unwrap();
    client.get(&format!("http://127.9.9.9:{gone}/")).await.unwrap_err();

    let spans = std::mem::take(&mut *kept.0.lock().unwrap());
    let attributes = |span: &SpanData| -> BTreeMap<String, String> {
        let attributes = span.attributes.iter();
        attributes.map(|pair| (pair.key.to_string(), pair.value.to_string())).collect()
    };
    let calls: Vec<_> = spans.iter().filter(|span| span.name == "GET").map(attributes).collect();
    let port = server.port.to_string();
    let url = format!("http://orders.:{port}/orders/7");
    let expected = [
        ("error.type", "503"),
        ("http.request.method", "GET"),
        ("http.response.status_code", "503"),
        ("peer.service", "orders"),
        ("server.address", "orders."),
        ("server.port", &port),
        ("url.full", &url),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(calls[0], expected.into());
    assert_eq!(calls[1]["error.type"], "connect");
    assert!(!calls[1].contains_key("http.response.status_code"), "there is none");
}

#[tokio::test]
async fn without_a_tracer_there_is_no_trace_header() {
    let mut server = http(answer("200 OK", "{}")).await;
    let (_dns, _fixture, client) = client().await;
    client.get(&format!("http://orders.:{}/", server.port)).await.unwrap();
    assert!(!server.requests.recv().await.unwrap().contains("traceparent"));
}
