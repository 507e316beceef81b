//! Answers to the exporter's questions that nobody asked the sender for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use authority::asked::serial;
use domain::base::{Message, Name, Rtype};
use prometheus::Registry;
use testkit::dns_server::{DnsServer, Reply, Transport as Came};
use tokio::net::UdpSocket;
use zone_exporter::client::{Transport, ask};
use zone_exporter::finding::Failure;
use zone_exporter::metrics::{Failures, SPOOFED_TOTAL};

use crate::odd::answer_of;
use crate::support::findings;

const FORGED: u16 = 10_000;

/// The question turned into an answer, with another number.
fn forged(question: &[u8], number: u16) -> Vec<u8> {
    let mut forged = question.to_vec();
    forged[2] |= 0x84;
    let id = u16::from_be_bytes([forged[0], forged[1]]).wrapping_add(number);
    forged[..2].copy_from_slice(&id.to_be_bytes());
    forged
}

fn zone() -> Name<Vec<u8>> {
    "tale.example".parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_forged_answers_are_counted_and_the_real_one_is_found_behind_them() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let server = socket.local_addr().unwrap();
    let forger = tokio::spawn(async move {
        let mut buffer = [0; 512];
        let (length, client) = socket.recv_from(&mut buffer).await.unwrap();
        let question = buffer[..length].to_vec();
        for number in 1..=FORGED {
            socket.send_to(&forged(&question, number), client).await.unwrap();
            if number % 50 == 0 {
                tokio::task::yield_now().await;
            }
        }
        // As often as it takes: what nobody has read in time was dropped.
        let answer = answer_of(&Message::from_octets(question).unwrap(), 7);
        while socket.send_to(&answer, client).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    let (zone, spoofed) = (zone(), AtomicU64::new(0));
    let how = (Transport::Udp, testkit::wait::SOON);
    let found = ask(server, (&zone, Rtype::SOA), how, &spoofed).await;
    forger.abort();
    assert_eq!(serial(&found.unwrap()).unwrap(), Some(7));
    let counted = spoofed.load(Relaxed);
    assert!(counted > 100, "the kernel drops what nobody reads in time, but not all: {counted}");
}

/// A connection is one server's: whoever answers wrongly on it has had its chance.
#[tokio::test(flavor = "multi_thread")]
async fn over_tcp_the_first_of_ten_thousand_forged_answers_is_a_failure() {
    let sent = Arc::new(AtomicU64::new(0));
    let counter = sent.clone();
    let server = DnsServer::start(move |query| {
        let question = query.packet(&Reply::Referral);
        counter.fetch_add(1, Relaxed);
        match query.transport {
            Came::Udp => Reply::Silence,
            Came::Tcp => Reply::Packets((1..=FORGED).map(|one| forged(&question, one)).collect()),
        }
    })
    .await;
    let (zone, spoofed) = (zone(), AtomicU64::new(0));
    let how = (Transport::Tcp, testkit::wait::SOON);
    let found = ask(server.address, (&zone, Rtype::SOA), how, &spoofed).await;
    assert_eq!(found.unwrap_err(), Failure::Malformed);
    assert_eq!((spoofed.load(Relaxed), sent.load(Relaxed)), (1, 1), "it is not asked again");
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_counted_over_all_probes() {
    let server = DnsServer::start(|query| {
        let question = query.packet(&Reply::Referral);
        Reply::Packets(vec![forged(&question, 1), answer_of_packet(&question)])
    })
    .await;
    let findings = findings(&[&server.address.to_string()]).await;
    let registry = Registry::new();
    let failures = Failures::register(&registry).unwrap();
    failures.count(&findings);
    failures.count(&findings);
    let families = registry.gather();
    let family = families.iter().find(|one| one.name() == SPOOFED_TOTAL).unwrap();
    // Three questions in packets, one over a connection; and all that twice.
    assert_eq!(family.get_metric()[0].get_counter().get_value(), 8.0);
}

fn answer_of_packet(question: &[u8]) -> Vec<u8> {
    let mut question = question.to_vec();
    question[2] &= 0x7f;
    answer_of(&Message::from_octets(question).unwrap(), 7)
}
