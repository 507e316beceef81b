//! Several servers and several attempts: who is asked, how often, and how long it may take.
//!
//! Time is paused where a server is silent: the clock jumps to the next time-out as soon as nothing
//! else is left to do.

use std::time::Duration;

use domain::base::iana::{Rcode, Rtype};
use resolver::Outcome;
use testkit::dns_server::{DnsServer, Query, Reply};
use tokio::time::Instant;

use crate::support::{Fixture, ip, resolver};

/// Two servers on one port, at 127.0.0.1 and 127.0.0.2: `resolv.conf` cannot name a port.
async fn pair(
    first: impl Fn(&Query) -> Reply + Clone + Send + Sync + 'static,
    second: impl Fn(&Query) -> Reply + Clone + Send + Sync + 'static,
) -> (DnsServer, DnsServer) {
    let one = DnsServer::start(first).await;
    let two = DnsServer::start_on("127.0.0.2", one.port(), second).await;
    (one, two)
}

fn both(servers: &(DnsServer, DnsServer), options: &str) -> Fixture {
    let text = format!("{}{}{options}", servers.0.nameserver(), servers.1.nameserver());
    resolver(&text, servers.0.port())
}

#[tokio::test]
async fn the_second_server_is_asked_when_the_first_fails() {
    for rcode in [Rcode::SERVFAIL, Rcode::REFUSED, Rcode::NOTIMP] {
        let servers = pair(move |_| Reply::Rcode(rcode), |_| Reply::address("127.1.0.7")).await;
        let fixture = both(&servers, "");
        assert_eq!(fixture.addresses("orders.").await.unwrap(), [ip("127.1.0.7")], "{rcode}");
        assert_eq!((servers.0.seen().len(), servers.1.seen().len()), (1, 1));
    }
}

#[tokio::test]
async fn the_second_server_is_asked_when_nothing_listens_at_the_first() {
    let server = DnsServer::start(|_| Reply::address("127.1.0.7")).await;
    let fixture =
        resolver(&format!("nameserver 127.9.9.9\n{}", server.nameserver()), server.port());
    assert_eq!(fixture.addresses("orders.").await.unwrap(), [ip("127.1.0.7")]);
}

#[tokio::test(start_paused = true)]
async fn the_second_server_is_asked_when_the_first_is_silent() {
    let servers = pair(|_| Reply::Silence, |_| Reply::address("127.1.0.7")).await;
    let fixture = both(&servers, "");
    assert_eq!(fixture.addresses("orders.").await.unwrap(), [ip("127.1.0.7")]);
    assert_eq!((servers.0.seen().len(), servers.1.seen().len()), (1, 1));
}

#[tokio::test]
async fn no_such_name_is_final_and_the_second_server_is_not_asked() {
    let servers = pair(|_| Reply::Rcode(Rcode::NXDOMAIN), |_| Reply::address("127.1.0.7")).await;
    let fixture = both(&servers, "");
    assert_eq!(fixture.outcome("orders.").await, Outcome::Nxdomain);
    assert_eq!(servers.1.seen().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_asked_as_often_as_attempts_say_and_no_longer_than_promised() {
    for (timeout, attempts) in [(1, 1), (1, 3), (2, 2), (5, 5)] {
        let server = DnsServer::start(|_| Reply::Silence).await;
        let options =
            format!("{}options timeout:{timeout} attempts:{attempts}", server.nameserver());
        let fixture = resolver(&options, server.port());
        let start = Instant::now();
        assert_eq!(fixture.outcome("orders.").await, Outcome::Timeout);
        assert_eq!(server.seen().len(), attempts);
        // Paused time does not depend on the machine: this is arithmetic, not a measurement.
        let promise = Duration::from_secs(timeout) * u32::try_from(attempts).unwrap();
        let took = start.elapsed();
        assert!(
            promise <= took && took <= promise + Duration::from_millis(attempts as u64 + 1),
            "{took:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_garbage_does_not_prolong_the_time_out() {
    let server = DnsServer::start(|_| Reply::Packets(vec![vec![0xff; 100]; 20])).await;
    let fixture =
        resolver(&format!("{}options timeout:1 attempts:2", server.nameserver()), server.port());
    assert_eq!(fixture.outcome("orders.").await, Outcome::Timeout);
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn ipv6_questions_count_towards_the_same_deadline() {
    // "No IPv4 address" comes at the last attempt; the silence that follows must not start the
    // clock again.
    let server = DnsServer::start(|query| match query.index {
        1 => Reply::Addresses(Vec::new()),
        _ => Reply::Silence,
    })
    .await;
    let fixture =
        resolver(&format!("{}options timeout:1 attempts:2", server.nameserver()), server.port());
    let start = Instant::now();
    assert_eq!(fixture.outcome("orders.").await, Outcome::Timeout);
    assert!(start.elapsed() <= Duration::from_millis(2005), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_server_in_trouble_is_asked_again_as_often_as_attempts_say() {
    let server = DnsServer::start(|_| Reply::Rcode(Rcode::SERVFAIL)).await;
    let fixture = resolver(&format!("{}options attempts:3", server.nameserver()), server.port());
    assert_eq!(fixture.outcome("orders.").await, Outcome::Servfail);
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_server_that_recovers_at_the_second_attempt_is_good_enough() {
    let server = DnsServer::start(|query| match query.index {
        0 => Reply::Rcode(Rcode::SERVFAIL),
        _ => Reply::address("127.1.0.7"),
    })
    .await;
    let fixture = resolver(&server.nameserver(), server.port());
    assert_eq!(fixture.outcome("orders.").await, Outcome::Ok);
}

#[tokio::test(start_paused = true)]
async fn a_failure_heard_outranks_silence() {
    let servers = pair(|_| Reply::Rcode(Rcode::SERVFAIL), |_| Reply::Silence).await;
    let fixture = both(&servers, "options timeout:1 attempts:2");
    assert_eq!(fixture.outcome("orders.").await, Outcome::Servfail);
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_to_the_first_attempt_counts_during_the_second() {
    // Answers to the first packet come only when the second is there.
    let first: std::sync::Mutex<Vec<u8>> = std::sync::Mutex::default();
    let server = DnsServer::start(move |query| {
        let answer = query.packet(&Reply::address("127.1.0.7"));
        let mut first = first.lock().unwrap();
        if first.is_empty() {
            *first = answer;
            return Reply::Silence;
        }
        Reply::Packets(vec![first.clone()])
    })
    .await;
    let text = format!("{}options timeout:1 attempts:2", server.nameserver());
    let fixture = resolver(&text, server.port());
    assert_eq!(fixture.addresses("orders.").await.unwrap(), [ip("127.1.0.7")]);
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_server_that_comes_up_between_two_attempts_is_found() {
    // Nothing listens at the first attempt: the error must not stay with the socket.
    let second = DnsServer::start(|_| Reply::Silence).await;
    let port = second.port();
    let text = format!("nameserver 127.0.0.3\n{}options timeout:1", second.nameserver());
    let fixture = resolver(&text, port);
    let start = async {
        while second.seen().is_empty() {
            tokio::task::yield_now().await;
        }
        DnsServer::start_on("127.0.0.3", port, |_| Reply::address("127.1.0.7")).await
    };
    let start = tokio::time::timeout(Duration::from_secs(30), start);
    let (addresses, first) = tokio::join!(fixture.addresses("orders."), start);
    assert_eq!(addresses.unwrap(), [ip("127.1.0.7")]);
    assert_eq!(first.expect("no question within 30 s").seen().len(), 1);
}

/// Success without a word, by a server that neither owns the name nor asks others.
#[tokio::test]
async fn the_second_server_is_asked_when_the_first_is_lame() {
    let servers = pair(|_| Reply::Referral, |_| Reply::address("127.1.0.7")).await;
    let fixture = both(&servers, "");
    assert_eq!(fixture.addresses("orders.").await.unwrap(), [ip("127.1.0.7")]);
    assert_eq!((servers.0.questions(), servers.1.questions().len()), (vec!["orders. A".into()], 1));
}

#[tokio::test]
async fn a_server_may_be_lame_for_one_family_only() {
    let only_a = |query: &Query| match query.rtype {
        Rtype::A => Reply::Addresses(Vec::new()),
        _ => Reply::Referral,
    };
    let servers = pair(only_a, |_| Reply::address("2001:db8::7")).await;
    let fixture = both(&servers, "");
    assert_eq!(fixture.addresses("orders.").await.unwrap(), [ip("2001:db8::7")]);
    assert_eq!(servers.0.questions(), ["orders. A", "orders. AAAA"]);
    assert_eq!(servers.1.questions(), ["orders. AAAA"]);
}

#[tokio::test]
async fn when_all_servers_are_lame_the_lookup_fails_and_names_the_last_one() {
    let servers = pair(|_| Reply::Referral, |_| Reply::Referral).await;
    let fixture = both(&servers, "search a b\noptions attempts:2");
    let error = fixture.addresses("orders.shop").await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Other);
    assert_eq!(error.cause.server(), Some(servers.1.address));
    assert!(error.to_string().contains("resolv.conf"), "{error}");
    // Other names would meet the same servers.
    assert_eq!((servers.0.seen().len(), servers.1.seen().len()), (2, 2));
}

#[tokio::test]
async fn a_lame_answer_over_tcp_passes_the_turn_too() {
    let servers = pair(|_| Reply::Referral, |_| Reply::address("127.1.0.7")).await;
    let fixture = both(&servers, "options use-vc");
    assert_eq!(fixture.addresses("orders.").await.unwrap(), [ip("127.1.0.7")]);
}

#[tokio::test]
#[ignore = "needs IPv6 on the loopback interface"]
async fn a_server_is_asked_at_its_scoped_address() {
    // The loopback interface has no link-local address; a zone does its own one no harm.
    let server = DnsServer::start_on("::1", 0, |_| Reply::address("127.1.0.7")).await;
    let fixture = resolver("nameserver ::1%lo\n", server.port());
    assert_eq!(fixture.addresses("orders.").await.unwrap(), [ip("127.1.0.7")]);
    assert_eq!(fixture.warnings(), [""; 0]);
}
