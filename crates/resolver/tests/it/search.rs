//! The search list on the wire: exactly which questions are asked, in which order.

use domain::base::iana::Rcode;
use resolver::Outcome;
use testkit::dns_server::{DnsServer, Query, Reply};

use crate::support::{ip, resolver};

const KUBERNETES: &str =
    "search shop.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5 attempts:1\n";

/// One lookup of `name`: how it ended and what was asked.
async fn look_up(
    name: &str,
    options: &str,
    script: impl Fn(&Query) -> Reply + Send + Sync + 'static,
) -> (Outcome, Vec<String>) {
    let server = DnsServer::start(script).await;
    let fixture = resolver(&format!("{}{options}", server.nameserver()), server.port());
    let outcome = fixture.outcome(name).await;
    (outcome, server.questions())
}

fn only(known: &'static str) -> impl Fn(&Query) -> Reply + Send + Sync {
    move |query| {
        if query.name == known {
            Reply::address("127.1.0.7")
        } else {
            Reply::Rcode(Rcode::NXDOMAIN)
        }
    }
}

#[tokio::test]
async fn a_service_name_is_found_with_the_first_suffix() {
    let (outcome, asked) =
        look_up("orders", KUBERNETES, only("orders.shop.svc.cluster.local.")).await;
    assert_eq!(outcome, Outcome::Ok);
    assert_eq!(asked, ["orders.shop.svc.cluster.local. A"]);
}

#[tokio::test]
async fn an_outside_name_goes_through_the_whole_search_list_first() {
    let (outcome, asked) = look_up("www.example.com", KUBERNETES, only("www.example.com.")).await;
    assert_eq!(outcome, Outcome::Ok);
    assert_eq!(
        asked,
        [
            "www.example.com.shop.svc.cluster.local. A",
            "www.example.com.svc.cluster.local. A",
            "www.example.com.cluster.local. A",
            "www.example.com. A",
        ]
    );
}

#[tokio::test]
async fn a_trailing_dot_asks_one_question() {
    let (outcome, asked) = look_up("www.example.com.", KUBERNETES, only("nothing.")).await;
    assert_eq!(outcome, Outcome::Nxdomain);
    assert_eq!(asked, ["www.example.com. A"]);
}

#[tokio::test]
async fn enough_dots_ask_the_name_as_it_is_first() {
    let options = "search shop.local\noptions ndots:1 attempts:1";
    let (outcome, asked) = look_up("www.example", options, only("www.example.shop.local.")).await;
    assert_eq!(outcome, Outcome::Ok);
    assert_eq!(asked, ["www.example. A", "www.example.shop.local. A"]);
}

#[tokio::test]
async fn a_name_without_addresses_does_not_end_the_search_but_is_the_verdict() {
    let (outcome, asked) =
        look_up("orders", "search a b\noptions attempts:1", |query| match query.name.as_str() {
            "orders.a." => Reply::Addresses(Vec::new()),
            _ => Reply::Rcode(Rcode::NXDOMAIN),
        })
        .await;
    assert_eq!(outcome, Outcome::NoData);
    assert_eq!(asked, ["orders.a. A", "orders.a. AAAA", "orders.b. A", "orders. A"]);
}

#[tokio::test]
async fn servfail_does_not_end_the_search_but_is_the_verdict() {
    let (outcome, asked) =
        look_up("orders", "search a b\noptions attempts:1", |query| match query.name.as_str() {
            "orders.a." => Reply::Rcode(Rcode::SERVFAIL),
            _ => Reply::Rcode(Rcode::NXDOMAIN),
        })
        .await;
    assert_eq!(outcome, Outcome::Servfail);
    assert_eq!(asked, ["orders.a. A", "orders.b. A", "orders. A"]);
}

#[tokio::test]
async fn servfail_for_one_suffix_does_not_hide_an_address_at_the_next() {
    let (outcome, _) = look_up("orders", "search a b", |query| match query.name.as_str() {
        "orders.b." => Reply::Addresses(vec![ip("127.1.0.7")]),
        _ => Reply::Rcode(Rcode::SERVFAIL),
    })
    .await;
    assert_eq!(outcome, Outcome::Ok);
}

#[tokio::test]
async fn the_failure_of_the_name_as_typed_is_the_verdict_if_asked_first() {
    let options = "search a\noptions attempts:1";
    let (outcome, asked) = look_up("www.example", options, |query| match query.name.as_str() {
        "www.example." => Reply::Rcode(Rcode::NXDOMAIN),
        _ => Reply::Rcode(Rcode::SERVFAIL),
    })
    .await;
    assert_eq!(outcome, Outcome::Nxdomain);
    assert_eq!(asked, ["www.example. A", "www.example.a. A"]);
}

#[tokio::test]
async fn refusal_ends_the_search() {
    let (outcome, asked) = look_up("orders", KUBERNETES, |_| Reply::Rcode(Rcode::REFUSED)).await;
    assert_eq!(outcome, Outcome::Refused);
    assert_eq!(asked, ["orders.shop.svc.cluster.local. A"]);
}

#[tokio::test(start_paused = true)]
async fn silence_ends_the_search() {
    let (outcome, asked) = look_up("orders", KUBERNETES, |_| Reply::Silence).await;
    assert_eq!(outcome, Outcome::Timeout);
    assert_eq!(asked, ["orders.shop.svc.cluster.local. A"]);
}
