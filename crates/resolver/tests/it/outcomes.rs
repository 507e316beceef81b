//! Each way in which a lookup can end.

use std::time::Duration;

use domain::base::iana::Rcode;
use resolver::{Outcome, Source};
use testkit::dns_server::{DnsServer, Reply};
use tokio::time::timeout;

use crate::support::{ip, resolver};

/// Starts a server with one answer to everything and looks one complete name up.
async fn outcome_of(reply: Reply) -> Outcome {
    let server = DnsServer::start(move |_| reply.clone()).await;
    let fixture = resolver(&format!("{}options attempts:1", server.nameserver()), server.port());
    fixture.outcome("orders.").await
}

#[tokio::test]
async fn an_address_is_ok_and_the_server_is_named() {
    let server = DnsServer::start(|_| Reply::address("127.1.0.7")).await;
    let fixture = resolver(&server.nameserver(), server.port());
    let found = fixture.resolver.lookup("orders.").await.unwrap();
    assert_eq!(
        (found.addresses, found.source),
        (vec![ip("127.1.0.7")], Source::Dns(server.address))
    );
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
    let error = fixture.addresses("orders.").await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Refused, "{error}");
    assert_eq!(error.cause.server(), Some(format!("127.9.9.9:{port}").parse().unwrap()));
}

#[tokio::test]
async fn a_name_that_dns_cannot_carry_is_other_and_no_question_is_asked() {
    let server = DnsServer::start(|_| Reply::address("127.1.0.7")).await;
    let fixture = resolver(&server.nameserver(), server.port());
    for name in ["", "bücher", "a..b", "fe80::1%lo", &"x".repeat(64), &"x.".repeat(200)] {
        assert_eq!(fixture.outcome(name).await, Outcome::Other, "{name}");
    }
    assert_eq!(server.questions(), [""; 0]);
}

#[tokio::test]
async fn ipv6_is_asked_only_when_there_is_no_ipv4() {
    let server = DnsServer::start(|query| match query.name.as_str() {
        "six." => Reply::address("2001:db8::6"),
        _ => Reply::Addresses(vec![ip("127.1.0.4"), ip("2001:db8::4")]),
    })
    .await;
    let fixture = resolver(&server.nameserver(), server.port());
    assert_eq!(fixture.addresses("both.").await.unwrap(), [ip("127.1.0.4")]);
    assert_eq!(fixture.addresses("six.").await.unwrap(), [ip("2001:db8::6")]);
    assert_eq!(server.questions(), ["both. A", "six. A", "six. AAAA"]);
}

#[tokio::test]
async fn aliases_are_followed_however_many_there_are() {
    for count in [1, 19, 20, 100] {
        let aliases: Vec<String> = (1..=count).map(|number| format!("c{number}.test.")).collect();
        let server =
            DnsServer::start(move |_| Reply::Aliases(aliases.clone(), vec![ip("127.1.0.7")])).await;
        let fixture = resolver(&server.nameserver(), server.port());
        assert_eq!(fixture.addresses("orders.").await.unwrap(), [ip("127.1.0.7")], "{count}");
    }
}

#[tokio::test]
async fn aliases_that_end_without_an_address_are_no_data() {
    let reply = Reply::Aliases(vec!["elsewhere.test.".to_owned()], Vec::new());
    assert_eq!(outcome_of(reply).await, Outcome::NoData);
}

#[tokio::test]
async fn a_lookup_dropped_half_way_leaves_the_resolver_usable() {
    let server = DnsServer::start(|query| match query.index {
        0 => Reply::Silence,
        _ => Reply::address("127.1.0.7"),
    })
    .await;
    let fixture = resolver(&server.nameserver(), server.port());
    let asked = async {
        while server.seen().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        result = fixture.resolver.lookup("orders.") => panic!("{result:?}"),
        asked = timeout(Duration::from_secs(30), asked) => asked.expect("no question within 30 s"),
    }
    assert_eq!(fixture.outcome("orders.").await, Outcome::Ok);
}
