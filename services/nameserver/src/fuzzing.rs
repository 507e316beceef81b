//! Entries for the fuzzer: whatever the bytes are, nothing here panics. Not part of the interface.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock};

use domain::base::Message;
use prometheus::Registry;

use crate::collect::{Collector, Fetched, apply};
use crate::desk::{Desk, Reply, Transport};
use crate::key::Key;
use crate::metrics::Metrics;
use crate::notified::Notified;
use crate::policy::Policy;
use crate::published::Published;
use crate::request::LARGEST;
use crate::signer::{Renew, Signer};
use crate::state;
use crate::tsig::Keys;
use crate::zone::{Owner, Zone, default_zone, parse_entries};

/// Everybody's address is the primary's, so that a notification is heard.
const FROM: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

static DESK: LazyLock<Desk> = LazyLock::new(|| {
    let metrics = Metrics::register(&Registry::new()).expect("an empty registry");
    let notified = Notified::default();
    notified.set_primaries(vec![FROM]);
    let published = Published::new(apex(), metrics.clone());
    published.publish(zone());
    Desk {
        published: Arc::new(published),
        keys: Keys::parse("tale:hmac-sha256:c2VjcmV0c2VjcmV0").expect("a key"),
        notified: Some(Arc::new(notified)),
        transfers_allowed: AtomicBool::new(true),
        metrics,
    }
});

fn apex() -> Owner {
    Owner::bytes_from_str("tale.example").expect("a name")
}

fn zone() -> Zone {
    let key = Key::load(&apex(), None).expect("a new key");
    let records = parse_entries(default_zone(), &apex()).expect("a zone");
    let run = (Renew::Due, &Policy::DEFAULT, 1_800_000_000);
    Signer::new(key).sign(records, None, run).expect("a policy that works")
}

/// `bytes` as a message to the server, over UDP and TCP.
pub fn query(bytes: &[u8]) {
    for (transport, limit) in [(Transport::Udp, LARGEST), (Transport::Tcp, u16::MAX)] {
        match DESK.handle(bytes, FROM, transport) {
            Reply::Silence => {}
            Reply::Message(message) => {
                assert!(message.len() <= usize::from(limit), "{} bytes", message.len());
                let answer = Message::from_octets(message).expect("a header");
                let header = answer.header();
                assert!(header.qr() && bytes[..2] == header.id().to_be_bytes());
                assert!(answer.iter().all(|record| record.is_ok()), "{answer:?}");
            }
            Reply::Transfer(transfer) => panic!("a transfer without a key: {:?}", transfer.kind),
        }
    }
}

/// `bytes` as a transfer: in a file, and as differences that a primary sends.
pub fn transfer(bytes: &[u8]) {
    if let Some(entries) = state::read(bytes, &apex()) {
        let _ = Zone::new(apex(), entries);
    }
    let zone = DESK.published.zone().expect("it was published");
    let mut collector = Collector::new(apex(), Some(zone.soa_entry().clone()), 10_000);
    let mut rest = bytes;
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let Some((message, after)) = after.split_at_checked(u16::from_be_bytes(*length).into())
        else {
            return;
        };
        rest = after;
        let Ok(message) = Message::from_octets(message.to_vec()) else { return };
        match collector.take(&message) {
            Ok(Some(Fetched::Steps(steps))) => return drop(apply(&zone, steps)),
            Ok(None) => {}
            _ => return,
        }
    }
}
