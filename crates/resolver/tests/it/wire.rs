//! Packets: TCP when an answer was cut, and every packet that is not an answer to our question is
//! ignored.

use std::collections::HashSet;

use resolver::Outcome;
use testkit::dns_server::{DnsServer, Query, Reply, Transport};

use crate::support::{ip, resolver};

#[tokio::test]
async fn a_truncated_answer_is_asked_for_again_over_tcp() {
    let many: Vec<_> = (0..250).map(|last| ip(&format!("127.1.0.{last}"))).collect();
    let answer = many.clone();
    let server = DnsServer::start(move |query| match query.transport {
        Transport::Udp => Reply::Truncated,
        Transport::Tcp => Reply::Addresses(answer.clone()),
    })
    .await;
    let fixture = resolver(&server.nameserver(), server.port());
    assert_eq!(fixture.addresses("orders.").await.unwrap(), many);
    let transports: Vec<_> = server.seen().iter().map(|query| query.transport).collect();
    assert_eq!(transports, [Transport::Udp, Transport::Tcp]);
}

#[tokio::test]
async fn a_malformed_answer_over_tcp_is_other() {
    let server = DnsServer::start(|query| match query.transport {
        Transport::Udp => Reply::Truncated,
        Transport::Tcp => Reply::Packets(vec![vec![0xff; 40]]),
    })
    .await;
    let fixture = resolver(&server.nameserver(), server.port());
    assert_eq!(fixture.outcome("orders.").await, Outcome::Other);
}

/// The lookup must succeed with the good answer although `bad` arrives before it.
async fn is_ignored(bad: impl Fn(&Query, Vec<u8>) -> Vec<u8> + Send + Sync + 'static) {
    let server = DnsServer::start(move |query| {
        let misleading = query.packet(&Reply::address("127.6.6.6"));
        Reply::Packets(vec![bad(query, misleading), query.packet(&Reply::address("127.1.0.7"))])
    })
    .await;
    let fixture = resolver(&server.nameserver(), server.port());
    assert_eq!(fixture.addresses("orders.").await.unwrap(), [ip("127.1.0.7")]);
    assert_eq!(server.questions(), ["orders. A"], "one question was enough");
}

#[tokio::test]
async fn garbage_before_the_answer_is_ignored() {
    is_ignored(|_, _| b"\xde\xad\xbe\xef".to_vec()).await;
    is_ignored(|_, _| vec![0xff; 512]).await;
    is_ignored(|_, _| Vec::new()).await;
}

#[tokio::test]
async fn a_wrong_number_before_the_answer_is_ignored() {
    is_ignored(|_, mut packet| {
        packet[1] ^= 0xff;
        packet
    })
    .await;
}

#[tokio::test]
async fn a_wrong_question_before_the_answer_is_ignored() {
    is_ignored(|_, mut packet| {
        packet[13] = b'0'; // the first letter of the name
        packet
    })
    .await;
}

#[tokio::test]
async fn a_cut_answer_before_the_answer_is_ignored() {
    is_ignored(|_, mut packet| {
        packet.truncate(packet.len() - 2);
        packet
    })
    .await;
}

#[tokio::test]
async fn our_question_sent_back_before_the_answer_is_ignored() {
    is_ignored(|_, mut packet| {
        packet[2] &= 0x7f; // no longer "this is a response"
        packet
    })
    .await;
}

#[tokio::test]
async fn an_answer_in_another_case_is_accepted() {
    let server = DnsServer::start(|query| {
        let mut packet = query.packet(&Reply::address("127.1.0.7"));
        packet[13..19].make_ascii_uppercase();
        Reply::Packets(vec![packet])
    })
    .await;
    let fixture = resolver(&server.nameserver(), server.port());
    assert_eq!(fixture.addresses("orders.").await.unwrap(), [ip("127.1.0.7")]);
}

#[tokio::test]
async fn each_question_has_a_number_and_a_port_of_its_own() {
    let server = DnsServer::start(|_| Reply::address("127.1.0.7")).await;
    let fixture = resolver(&server.nameserver(), server.port());
    for _ in 0..50 {
        assert_eq!(fixture.outcome("orders.").await, Outcome::Ok);
    }
    let pairs: HashSet<_> =
        server.seen().iter().map(|query| (query.id, query.from.port())).collect();
    assert_eq!(pairs.len(), 50);
    let numbers: HashSet<_> = pairs.iter().map(|(id, _)| id).collect();
    let ports: HashSet<_> = pairs.iter().map(|(_, port)| port).collect();
    // Chance repeats a few of 65536 numbers and 28000 ports; a counter or a kept socket would
    // repeat none or all.
    assert!(
        numbers.len() > 40 && ports.len() > 40,
        "{} numbers, {} ports",
        numbers.len(),
        ports.len()
    );
}
