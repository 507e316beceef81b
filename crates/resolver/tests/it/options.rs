//! Options of `resolv.conf`, as seen by the servers; and what is reported about the rest.

use domain::base::iana::Rcode;
use resolver::Outcome;
use testkit::dns_server::{DnsServer, Query, Reply, Transport};

use crate::support::{ip, resolver};

fn address(_: &Query) -> Reply {
    Reply::address("127.1.0.7")
}

#[tokio::test]
async fn with_use_vc_everything_goes_over_tcp_and_each_server_is_asked_once() {
    let server = DnsServer::start(|query| match query.name.as_str() {
        "orders." => Reply::address("127.1.0.7"),
        _ => Reply::Rcode(Rcode::SERVFAIL),
    })
    .await;
    let text = format!("{}options use-vc attempts:3", server.nameserver());
    let fixture = resolver(&text, server.port());
    assert_eq!(fixture.addresses("orders.").await.unwrap(), [ip("127.1.0.7")]);
    assert_eq!(fixture.outcome("broken.").await, Outcome::Servfail);
    let seen: Vec<_> = server.seen().iter().map(|query| query.transport).collect();
    assert_eq!(seen, [Transport::Tcp, Transport::Tcp]);
}

#[tokio::test]
async fn with_rotate_questions_begin_with_one_server_after_the_other() {
    let one = DnsServer::start(address).await;
    let two = DnsServer::start_on("127.0.0.2", one.port(), address).await;
    let text = format!("{}{}", one.nameserver(), two.nameserver());
    let fixture = resolver(&text, one.port());
    for _ in 0..10 {
        assert_eq!(fixture.outcome("orders.").await, Outcome::Ok);
    }
    assert_eq!((one.seen().len(), two.seen().len()), (10, 0), "without it the first has them all");
    fixture.rewrite(&format!("{text}options rotate"));
    for _ in 0..10 {
        assert_eq!(fixture.outcome("orders.").await, Outcome::Ok);
    }
    assert_eq!((one.seen().len(), two.seen().len()), (15, 5));
}

#[tokio::test]
async fn with_edns0_questions_announce_it_and_without_it_they_do_not() {
    let server = DnsServer::start(address).await;
    let fixture = resolver(&server.nameserver(), server.port());
    assert_eq!(fixture.outcome("orders.").await, Outcome::Ok);
    fixture.rewrite(&format!("{}options edns0", server.nameserver()));
    assert_eq!(fixture.outcome("orders.").await, Outcome::Ok);
    assert_eq!(server.seen().iter().map(|query| query.edns).collect::<Vec<_>>(), [false, true]);
}

#[tokio::test]
async fn a_server_that_does_not_know_edns_is_asked_again_without_it() {
    let server = DnsServer::start(|query| {
        if query.edns { Reply::Rcode(Rcode::FORMERR) } else { Reply::address("127.1.0.7") }
    })
    .await;
    let text = format!("{}options edns0 attempts:1", server.nameserver());
    let fixture = resolver(&text, server.port());
    assert_eq!(fixture.addresses("orders.").await.unwrap(), [ip("127.1.0.7")]);
    assert_eq!(server.questions(), ["orders. A", "orders. A"]);
}

#[tokio::test]
async fn with_no_aaaa_ipv6_is_not_asked_for() {
    let server = DnsServer::start(|_| Reply::address("2001:db8::6")).await;
    let fixture = resolver(&format!("{}options no-aaaa", server.nameserver()), server.port());
    assert_eq!(fixture.outcome("orders.").await, Outcome::NoData);
    assert_eq!(server.questions(), ["orders. A"]);
}

#[tokio::test]
async fn with_no_tld_query_a_name_without_a_dot_is_not_asked_alone() {
    let server = DnsServer::start(|_| Reply::Rcode(Rcode::NXDOMAIN)).await;
    let text = format!("{}search a b\noptions no-tld-query", server.nameserver());
    let fixture = resolver(&text, server.port());
    assert_eq!(fixture.outcome("orders").await, Outcome::Nxdomain);
    assert_eq!(server.questions(), ["orders.a. A", "orders.b. A"]);
}

#[tokio::test]
async fn what_is_ignored_is_reported_once_with_its_line() {
    let server = DnsServer::start(address).await;
    let text = format!("nameserver 127.7.7.1:25353\n{}options trust-ad\n", server.nameserver());
    let fixture = resolver(&text, server.port());
    fixture.rewrite_hosts("127.0.0.1 a\norders\n");
    for _ in 0..3 {
        assert_eq!(fixture.outcome("orders.").await, Outcome::Ok);
        // A fault comes and goes: the same file again is no news.
        fixture.rewrite("nameserver 127.9.9.9\n");
        fixture.resolver.lookup("orders.").await.unwrap_err();
        fixture.replace(&text);
    }
    let warnings = fixture.warnings();
    let [hosts, server, option] = warnings.as_slice() else {
        panic!("{warnings:#?}");
    };
    for (warning, path, words) in [
        (hosts, fixture.hosts(), ["the entry at line 2: ", "`orders`"]),
        (server, fixture.resolv_conf(), ["the directive at line 1: ", "`127.7.7.1:25353`"]),
        (option, fixture.resolv_conf(), ["the directive at line 3: ", "`trust-ad`"]),
    ] {
        assert!(warning.starts_with(path.to_str().unwrap()), "{warning}");
        assert!(words.iter().all(|word| warning.contains(word)), "{warning}");
    }
}

#[tokio::test]
async fn a_file_whose_only_server_is_a_typo_says_both() {
    let fixture = resolver("nameserver 127.7.7.1:25353\n", 53);
    let error = fixture.addresses("orders.").await.unwrap_err().to_string();
    assert!(error.contains("names no name server"), "{error}");
    assert!(fixture.warnings()[0].contains("directive at line 1"), "{:?}", fixture.warnings());
}
