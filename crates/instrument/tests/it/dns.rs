//! Lookups as services see them: what is counted, timed and traced, and what is not.

use domain::base::iana::Rcode;
use instrument::{
    client::Client,
    dns::{DURATION_SECONDS, LOOKUPS_TOTAL, Outcome, Resolver, ResolverConfig},
};

use crate::support::{
    dns_server::{DnsServer, Reply},
    http_server::{answer, http},
    ip, resolver, watch,
};

/// Starts a server with one answer to everything, looks one complete name up, and returns the
/// outcome after checking that exactly this outcome was counted and timed.
async fn outcome_of(reply: Reply) -> Outcome {
    let server = DnsServer::start(move |_| reply.clone()).await;
    let fixture = resolver(&format!("{}options attempts:1", server.nameserver()), server.port());
    let outcome = fixture.outcome("orders.").await;
    for other in Outcome::ALL {
        let expected = Some(u64::from(other == outcome));
        assert_eq!(fixture.count(LOOKUPS_TOTAL, other.as_str()), expected, "{other:?}");
        assert_eq!(fixture.count(DURATION_SECONDS, other.as_str()), expected, "{other:?}");
    }
    outcome
}

#[tokio::test]
async fn each_outcome_is_counted_and_timed_as_itself() {
    assert_eq!(outcome_of(Reply::address("127.1.0.7")).await, Outcome::Ok);
    assert_eq!(outcome_of(Reply::Rcode(Rcode::SERVFAIL)).await, Outcome::Servfail);
    assert_eq!(outcome_of(Reply::Rcode(Rcode::NXDOMAIN)).await, Outcome::Nxdomain);
    assert_eq!(outcome_of(Reply::Addresses(Vec::new())).await, Outcome::NoData);
    assert_eq!(outcome_of(Reply::Rcode(Rcode::REFUSED)).await, Outcome::Refused);
    assert_eq!(outcome_of(Reply::Rcode(Rcode::NOTIMP)).await, Outcome::Other);
    assert_eq!(outcome_of(Reply::Rcode(Rcode::FORMERR)).await, Outcome::Other);
}

#[tokio::test(start_paused = true)]
async fn silence_is_counted_and_timed_as_a_timeout() {
    assert_eq!(outcome_of(Reply::Silence).await, Outcome::Timeout);
}

#[tokio::test]
async fn a_name_that_dns_cannot_carry_is_other_and_no_question_is_asked() {
    let server = DnsServer::start(|_| Reply::address("127.1.0.7")).await;
    let fixture = resolver(&server.nameserver(), server.port());
    for name in ["", "bücher", "a..b", &"x".repeat(64), &"x.".repeat(200)] {
        assert_eq!(fixture.outcome(name).await, Outcome::Other, "{name}");
    }
    assert_eq!(server.questions(), [""; 0]);
    assert_eq!(fixture.count(LOOKUPS_TOTAL, "other"), Some(5));
}

#[tokio::test]
async fn every_label_value_is_there_at_zero_from_the_start() {
    let fixture = resolver("", 53);
    for result in ["ok", "servfail", "nxdomain", "no_data", "timeout", "refused", "other"] {
        assert_eq!(fixture.count(LOOKUPS_TOTAL, result), Some(0));
        assert_eq!(fixture.count(DURATION_SECONDS, result), Some(0));
    }
}

#[tokio::test]
async fn what_is_known_without_dns_is_returned_without_a_question_and_not_counted() {
    let server = DnsServer::start(|_| Reply::address("127.1.0.7")).await;
    let fixture = resolver(&server.nameserver(), server.port());
    std::fs::write(fixture.sandbox.hosts(), "127.3.2.2 orders.shop\n").unwrap();
    for (name, address) in [
        ("127.3.2.1", "127.3.2.1"),
        ("::1", "::1"),
        ("orders.shop", "127.3.2.2"),
        ("localhost", "127.0.0.1"),
    ] {
        assert_eq!(fixture.resolver.lookup(name).await.unwrap()[0], ip(address));
    }
    assert_eq!(server.questions(), [""; 0]);
    for outcome in Outcome::ALL {
        assert_eq!(fixture.count(LOOKUPS_TOTAL, outcome.as_str()), Some(0));
    }
}

/// The quick start of a service that calls another on the same machine, whatever the name server
/// knows of `localhost`.
#[tokio::test]
async fn the_client_reaches_localhost_and_names_in_the_hosts_file_without_a_name_server() {
    let server = DnsServer::start(|_| Reply::Rcode(Rcode::NXDOMAIN)).await;
    let fixture = resolver(&server.nameserver(), server.port());
    std::fs::write(fixture.sandbox.hosts(), "127.0.0.1 orders\n").unwrap();
    let client = Client::new(fixture.resolver.clone(), "orders", &fixture.registry).unwrap();
    for host in ["localhost", "orders", "app.localhost"] {
        let callee = http(answer("200 OK", "{}")).await;
        let got = client.get(&format!("http://{host}:{}/", callee.port)).await.unwrap();
        assert_eq!(got.status, 200, "{host}");
    }
    assert_eq!(server.questions(), [""; 0]);
}

#[tokio::test]
async fn a_lookup_dropped_half_way_counts_as_timeout() {
    let server = DnsServer::start(|_| Reply::Silence).await;
    let fixture = resolver(&server.nameserver(), server.port());
    {
        let mut lookup = Box::pin(fixture.resolver.lookup("orders."));
        assert!(
            std::future::poll_fn(|context| std::task::Poll::Ready(lookup.as_mut().poll(context)))
                .await
                .is_pending()
        );
    }
    assert_eq!(fixture.count(LOOKUPS_TOTAL, "timeout"), Some(1));
}

#[tokio::test]
async fn a_second_resolver_on_one_registry_is_refused() {
    let fixture = resolver("", 53);
    let error =
        Resolver::new(ResolverConfig::default(), &fixture.registry).unwrap_err().to_string();
    assert!(error.contains("Duplicate"), "{error}");
}

/// One lookup of `orders.`, as the span that was traced.
async fn span_of(reply: Reply) -> (serde_json::Value, DnsServer) {
    let log = Log::default();
    let format = tracing_subscriber::fmt::format::FmtSpan::CLOSE;
    let subscriber =
        tracing_subscriber::fmt().json().with_span_events(format).with_writer(log.clone()).finish();
    let server = DnsServer::start(move |_| reply.clone()).await;
    let fixture = resolver(&server.nameserver(), server.port());
    {
        let _guard = watch(subscriber);
        fixture.outcome("orders.").await;
    }
    let bytes = log.0.lock().unwrap().clone();
    let closed: serde_json::Value = serde_json::from_slice(&bytes).expect("one span, so one line");
    (closed["span"].clone(), server)
}

#[tokio::test]
async fn a_failed_lookup_is_a_client_span_with_name_server_and_error() {
    let (span, server) = span_of(Reply::Rcode(Rcode::SERVFAIL)).await;
    for (field, value) in [
        ("name", "dns.lookup"),
        ("dns.question.name", "orders."),
        ("error.type", "servfail"),
        ("server.address", "127.0.0.1"),
        ("otel.kind", "client"),
        ("otel.status_code", "ERROR"),
    ] {
        assert_eq!(span[field], value, "{field} of {span}");
    }
    assert_eq!(span["server.port"], server.port());
    assert!(span["dns.answers"].is_null(), "{span}");
}

#[tokio::test]
async fn a_successful_lookup_is_a_span_with_its_addresses_and_without_an_error() {
    let answer = Reply::Addresses(vec![ip("127.1.0.7"), ip("127.1.0.8")]);
    let (span, server) = span_of(answer).await;
    assert_eq!(span["dns.answers"], "[127.1.0.7, 127.1.0.8]", "{span}");
    assert_eq!(span["server.port"], server.port());
    for field in ["error.type", "otel.status_code"] {
        assert!(span[field].is_null(), "{field} of {span}");
    }
}

#[tokio::test]
async fn a_typo_in_resolv_conf_is_logged_once() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().json().with_writer(log.clone()).finish();
    let server = DnsServer::start(|_| Reply::address("127.1.0.7")).await;
    let text = format!("nameserver 127.0.0.1:53\n{}", server.nameserver());
    let fixture = resolver(&text, server.port());
    {
        let _guard = watch(subscriber);
        for _ in 0..3 {
            assert_eq!(fixture.outcome("orders.").await, Outcome::Ok);
        }
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains("WARN") && log.contains("the directive at line 1"), "{log}");
}

/// What a subscriber wrote.
#[derive(Clone, Default)]
struct Log(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl tracing_subscriber::fmt::MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
