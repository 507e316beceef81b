//! Entries for the fuzzer: whatever the bytes are, nothing here panics. Not part of the interface.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock};

use domain::base::iana::Opcode;
use domain::base::{Message, MessageBuilder, Name, Rtype, Serial, ToName as _, Ttl};
use domain::rdata::Soa;
use domain::rdata::tsig::Time48;
use domain::tsig::ClientSequence;
use prometheus::Registry;

use crate::asked::{Asked, last_expiry, serial};
use crate::collect::{Collector, Fetched, apply};
use crate::desk::{Desk, Reply, Transport};
use crate::key::Key;
use crate::metrics::Metrics;
use crate::notified::Notified;
use crate::outgoing::Transfer;
use crate::policy::Policy;
use crate::published::Published;
use crate::request::LARGEST;
use crate::signer::{Renew, Signer};
use crate::state;
use crate::tsig::Keys;
use crate::zone::{Entry, Owner, Zone, default_zone, parse_entries};

/// Everybody's address is the primary's, so that a notification is heard.
const FROM: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// When the zone was signed.
const SIGNED: u32 = 1_800_000_000;

static KEYS: LazyLock<Keys> =
    LazyLock::new(|| Keys::parse("tale:hmac-sha256:c2VjcmV0c2VjcmV0").expect("a key"));

static DESK: LazyLock<Desk> = LazyLock::new(|| {
    let metrics = Metrics::register(&Registry::new()).expect("an empty registry");
    let notified = Notified::default();
    notified.set_primaries(vec![FROM]);
    let published = Published::new(apex(), metrics.clone());
    for zone in &*VERSIONS {
        published.publish(Zone::new(apex(), zone.entries().to_vec()).expect("a zone"));
    }
    Desk {
        published: Arc::new(published),
        keys: KEYS.clone(),
        notified: Some(Arc::new(notified)),
        transfers_allowed: AtomicBool::new(true),
        metrics,
    }
});

/// Two, so that there are differences to ask for.
static VERSIONS: LazyLock<[Zone; 2]> = LazyLock::new(|| {
    let signer = Signer::new(Key::load(&apex(), None).expect("a new key"));
    let sign = |more: &str, before: Option<&Zone>, serial: u32| {
        let text = default_zone().replace("1 10 2 60 5", &format!("{serial} 10 2 60 5")) + more;
        let records = parse_entries(&text, &apex()).expect("a zone");
        let run = (Renew::Due, &Policy::DEFAULT, serial);
        signer.sign(records, before, run).expect("a policy that works")
    };
    let first = sign("", None, SIGNED);
    let second = sign("new 5 A 192.0.2.1\n", Some(&first), SIGNED + 60);
    [first, second]
});

fn apex() -> Owner {
    Owner::bytes_from_str("tale.example").expect("a name")
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

/// What only those with the key may ask: type, opcode and serial from the first bytes, the rest as
/// a name. A transfer is what the server serves, however it is asked for.
pub fn signed_query(bytes: &[u8]) {
    let Some((&[opcode, high, low, which, a, b, c, d], name)) = bytes.split_first_chunk() else {
        return;
    };
    let name = Name::from_octets(name.to_vec()).unwrap_or_else(|_| apex().to_vec());
    let mut builder = MessageBuilder::new_vec();
    builder.header_mut().set_opcode(Opcode::from_int(opcode & 15));
    let mut question = builder.question();
    let rtype = Rtype::from_int(u16::from_be_bytes([high, low]));
    question.push((&name, rtype)).expect("it fits");
    let mut authority = question.authority();
    let theirs = SIGNED.wrapping_add(u32::from_be_bytes([a, b, c, d]));
    if which & 1 == 0 {
        let soa =
            Soa::new(&name, &name, Serial(theirs), Ttl::HOUR, Ttl::HOUR, Ttl::HOUR, Ttl::HOUR);
        authority.push((&name, Ttl::HOUR, soa)).expect("it fits");
    }
    let mut additional = authority.additional();
    let key = KEYS.own.clone().expect("a key");
    let Ok(signer) = ClientSequence::request(key, &mut additional, Time48::now()) else {
        return;
    };
    let message = additional.finish();
    let transport = if which & 2 == 0 { Transport::Tcp } else { Transport::Udp };
    let Reply::Transfer(transfer) = DESK.handle(&message, FROM, transport) else { return };
    let have = (rtype == Rtype::IXFR).then(|| soa_of(theirs));
    arrives(*transfer, have, signer);
}

fn soa_of(serial: u32) -> Entry {
    let zone = DESK.published.zone().expect("it was published");
    let now = zone.soa();
    let [refresh, retry, expire, minimum] =
        [now.refresh(), now.retry(), now.expire(), now.minimum()];
    let names = (now.mname().clone(), now.rname().clone());
    let soa = Soa::new(names.0, names.1, Serial(serial), refresh, retry, expire, minimum);
    Entry::new(apex(), domain::base::iana::Class::IN, Ttl::HOUR, soa.into())
}

/// What the server sends is what a secondary takes, signatures and all.
fn arrives(
    transfer: Transfer,
    have: Option<Entry>,
    mut signer: ClientSequence<Arc<domain::tsig::Key>>,
) {
    let [first, second] = &*VERSIONS;
    let mut collector = Collector::new(apex(), have, 1 << 20);
    for message in transfer {
        let mut message = Message::from_octets(message).expect("a header");
        signer.answer(&mut message, Time48::now()).expect("a signature");
        match collector.take(&message).expect("a transfer") {
            None => {}
            Some(Fetched::Newest) => return,
            Some(Fetched::Whole(entries)) => {
                let zone = Zone::new(apex(), entries).expect("a zone");
                return assert_eq!(zone.entries(), second.entries());
            }
            Some(Fetched::Steps(steps)) => {
                let zone = apply(first, steps).expect("differences to the first version");
                return assert_eq!(zone.entries(), second.entries());
            }
        }
    }
    panic!("a transfer that does not end");
}

/// `bytes` as a transfer: in a file, and as differences that a primary sends.
pub fn transfer(bytes: &[u8]) {
    if let Some(entries) = state::read(bytes, &apex()) {
        let _ = Zone::new(apex(), entries);
    }
    let zone = DESK.published.zone().expect("it was published");
    let mut collector = Collector::new(apex(), Some(zone.soa_entry().clone()), 1 << 20);
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

/// `bytes` as an answer to a question of ours, with our number: of a secondary with and without a
/// key, and of a prober.
pub fn answer(bytes: &[u8]) {
    let apex = apex().to_vec();
    let asked = [
        Asked::as_server(&apex, Rtype::SOA, None, None),
        Asked::as_server(&apex, Rtype::SOA, None, KEYS.own.as_ref()),
        Asked::as_anybody(&apex, Rtype::SOA),
    ];
    for asked in asked {
        let asked = asked.expect("it fits");
        let mut bytes = bytes.to_vec();
        if let Some(head) = bytes.get_mut(..3) {
            head[..2].copy_from_slice(&asked.id().to_be_bytes());
            head[2] |= 0x80; // "this is a response"
        }
        let forged = asked.checked(bytes.clone(), &mut asked.signer());
        assert!(forged.is_err() || asked.signer().is_none(), "an answer without the key");
        if let Ok(message) = asked.answered_by(bytes) {
            let _ = (serial(&message), last_expiry(&message, Rtype::SOA));
        }
    }
}
