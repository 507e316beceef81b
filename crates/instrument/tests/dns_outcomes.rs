//! Each way in which a lookup can end, with its metrics.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use domain::base::iana::Rcode;
use instrument::dns::{DURATION_SECONDS, LOOKUPS_TOTAL, Outcome, Resolver, ResolverConfig};

use support::{
    dns_server::{DnsServer, Reply},
    ip, resolver,
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
async fn an_address_is_ok() {
    assert_eq!(outcome_of(Reply::address("127.1.0.7")).await, Outcome::Ok);
}

#[tokio::test]
async fn response_codes_map_to_their_outcomes() {
    assert_eq!(outcome_of(Reply::Rcode(Rcode::SERVFAIL)).await, Outcome::Servfail);
    assert_eq!(outcome_of(Reply::Rcode(Rcode::NXDOMAIN)).await, Outcome::Nxdomain);
    assert_eq!(outcome_of(Reply::Rcode(Rcode::REFUSED)).await, Outcome::Refused);
    assert_eq!(outcome_of(Reply::Rcode(Rcode::NOTIMP)).await, Outcome::Other);
    assert_eq!(outcome_of(Reply::Rcode(Rcode::FORMERR)).await, Outcome::Other);
}

#[tokio::test]
async fn a_name_without_addresses_is_no_data() {
    assert_eq!(outcome_of(Reply::Addresses(Vec::new())).await, Outcome::NoData);
}

#[tokio::test(start_paused = true)]
async fn silence_is_a_timeout() {
    assert_eq!(outcome_of(Reply::Silence).await, Outcome::Timeout);
}

#[tokio::test]
async fn nothing_listening_is_refused() {
    let port = DnsServer::start(|_| Reply::Silence).await.port();
    // The server above is gone by now, and nobody else has bound this address: 127.9.9.9 is not
    // where port 0 lands.
    let fixture = resolver("nameserver 127.9.9.9\noptions attempts:1", port);
    let error = fixture.resolver.lookup("orders.").await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Refused, "{error}");
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
async fn an_ip_address_is_returned_without_a_question() {
    let server = DnsServer::start(|_| Reply::address("127.1.0.7")).await;
    let fixture = resolver(&server.nameserver(), server.port());
    assert_eq!(fixture.resolver.lookup("127.3.2.1").await.unwrap(), [ip("127.3.2.1")]);
    assert_eq!(fixture.resolver.lookup("::1").await.unwrap(), [ip("::1")]);
    assert_eq!(server.questions(), [""; 0]);
    assert_eq!(fixture.count(LOOKUPS_TOTAL, "ok"), Some(0));
}

#[tokio::test]
async fn ipv6_is_asked_only_when_there_is_no_ipv4() {
    let server = DnsServer::start(|query| match query.name.as_str() {
        "six." => Reply::address("2001:db8::6"),
        _ => Reply::Addresses(vec![ip("127.1.0.4"), ip("2001:db8::4")]),
    })
    .await;
    let fixture = resolver(&server.nameserver(), server.port());
    assert_eq!(fixture.resolver.lookup("both.").await.unwrap(), [ip("127.1.0.4")]);
    assert_eq!(fixture.resolver.lookup("six.").await.unwrap(), [ip("2001:db8::6")]);
    assert_eq!(server.questions(), ["both. A", "six. A", "six. AAAA"]);
}

#[tokio::test]
async fn aliases_are_followed() {
    let server =
        DnsServer::start(|_| Reply::Alias("real.example.".into(), vec![ip("127.1.0.7")])).await;
    let fixture = resolver(&server.nameserver(), server.port());
    assert_eq!(fixture.resolver.lookup("orders.").await.unwrap(), [ip("127.1.0.7")]);
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

#[tokio::test]
async fn each_lookup_is_a_client_span_with_its_name_and_outcome() {
    let log = Log::default();
    let format = tracing_subscriber::fmt::format::FmtSpan::CLOSE;
    let subscriber =
        tracing_subscriber::fmt().json().with_span_events(format).with_writer(log.clone()).finish();
    let server = DnsServer::start(|_| Reply::Rcode(Rcode::SERVFAIL)).await;
    let fixture = resolver(&server.nameserver(), server.port());
    {
        let _guard = tracing::subscriber::set_default(subscriber);
        assert_eq!(fixture.outcome("orders.").await, Outcome::Servfail);
    }
    let bytes = log.0.lock().unwrap().clone();
    let closed: serde_json::Value = serde_json::from_slice(&bytes).expect("one span, so one line");
    let span = &closed["span"];
    for (field, value) in [
        ("name", "dns.lookup"),
        ("dns.question.name", "orders."),
        ("outcome", "servfail"),
        ("otel.kind", "client"),
        ("otel.status_code", "ERROR"),
    ] {
        assert_eq!(span[field], value, "{field} of {span}");
    }
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
