//! Answers to a secondary's questions from somebody who is not its primary, but quick.

use std::net::SocketAddr;
use std::sync::Arc;

use authority::collect::TransferError;
use authority::metrics::Metrics;
use authority::tsig::Keys;
use authority::zone::Owner;
use domain::tsig::Key;
use nameserver::incoming::Primary;
use prometheus::Registry;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::KEY;

const FORGED: u16 = 10_000;

/// A secondary's side of a question.
struct Asking {
    apex: Owner,
    key: Arc<Key>,
    registry: Registry,
    metrics: Metrics,
}

impl Asking {
    fn new() -> Self {
        let registry = Registry::new();
        Self {
            apex: "tale.example".parse().unwrap(),
            key: Keys::parse(KEY).unwrap().own.unwrap(),
            metrics: Metrics::register(&registry).unwrap(),
            registry,
        }
    }

    fn primary(&self, server: SocketAddr) -> Primary<'_> {
        Primary { server, apex: &self.apex, key: Some(&self.key), metrics: &self.metrics }
    }

    fn spoofed(&self) -> f64 {
        let families = self.registry.gather();
        let family = families.iter().find(|one| one.name() == "nameserver_refused_total").unwrap();
        let mut reasons = family.get_metric().iter();
        let spoofed = reasons.find(|one| one.get_label()[0].value() == "spoofed");
        spoofed.unwrap().get_counter().get_value()
    }
}

/// The question turned into an answer; with another number but for one in a hundred: then the
/// signature is that of the question, which is none.
fn forged(question: &[u8], number: u16) -> Vec<u8> {
    let mut forged = question.to_vec();
    forged[2] |= 0x84;
    let id = u16::from_be_bytes([forged[0], forged[1]]);
    let id = if number.is_multiple_of(100) { id } else { id.wrapping_add(number) };
    forged[..2].copy_from_slice(&id.to_be_bytes());
    forged
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_forged_answers_over_udp_are_counted_and_forgotten() {
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let asking = Asking::new();
    let primary = asking.primary(socket.local_addr().unwrap());
    let forger = async {
        let mut buffer = [0; 512];
        let (length, client) = socket.recv_from(&mut buffer).await.unwrap();
        for number in 0..FORGED {
            socket.send_to(&forged(&buffer[..length], number), client).await.unwrap();
            if number % 50 == 0 {
                tokio::task::yield_now().await;
            }
        }
    };
    let (serial, ()) = tokio::join!(primary.serial(), forger);
    assert!(matches!(serial, Err(TransferError::Timeout)), "it waits for the real one: {serial:?}");
    let counted = asking.spoofed();
    assert!(counted > 100.0, "the kernel drops what nobody reads in time, but not all: {counted}");
}

/// A connection is one server's, and whoever answers wrongly on it has had its chance: the transfer
/// ends at the first forged message, the other 9,999 are never read.
#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_over_tcp_ends_at_the_first_forged_message() {
    for first in [0, 1] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let asking = Asking::new();
        let primary = asking.primary(listener.local_addr().unwrap());
        let forger = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut question = vec![0; stream.read_u16().await.unwrap().into()];
            stream.read_exact(&mut question).await.unwrap();
            let length = u16::try_from(question.len()).unwrap().to_be_bytes();
            for number in first..FORGED {
                let message = [&length, forged(&question, number).as_slice()].concat();
                if stream.write_all(&message).await.is_err() {
                    return; // it has hung up
                }
            }
        };
        let (fetched, ()) = tokio::join!(primary.fetch(None), forger);
        let why = fetched.expect_err("a forged zone");
        assert!(why.is_from_a_stranger(), "{why}");
        assert_eq!(asking.spoofed(), 1.0, "{why}");
    }
}
