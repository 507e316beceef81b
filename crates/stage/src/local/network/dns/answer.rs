//! From one DNS question to its answer. Pure, except that `DnsAction::Random` draws addresses.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::Instant;

use chaos::fault::{DnsAction, DnsFault};
use domain::base::iana::{Class, Rcode};
use domain::base::message_builder::AnswerBuilder;
use domain::base::name::ParsedName;
use domain::base::{Message, MessageBuilder, Rtype, Ttl};
use domain::rdata::{A, Aaaa};
use rand::Rng;

/// What is done with a question.
#[derive(Debug, PartialEq)]
pub(super) enum Outcome {
    /// Send this back.
    Reply(Vec<u8>),
    /// A name outside the cluster: ask upstream, if there is one.
    Outside,
    /// Not a question; say nothing.
    Ignore,
}

/// How a question came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    Udp,
    Tcp,
}

/// The cluster's domain.
const CLUSTER: &str = "cluster.local";
/// Seconds that an answer of the cluster may be kept, as Kubernetes' CoreDNS has it.
const CLUSTER_TTL: Ttl = Ttl::from_secs(5);
/// Seconds of a random answer, as Chaos Mesh has it.
const RANDOM_TTL: Ttl = Ttl::from_secs(10);

/// Answers `query`, which came by `transport`. A fault counts until its moment.
pub(super) fn answer(
    query: &[u8],
    zone: &HashMap<String, Vec<Ipv4Addr>>,
    fault: Option<&(DnsFault, Instant)>,
    now: Instant,
    transport: Transport,
) -> Outcome {
    let Ok(message) = Message::from_octets(query) else {
        return Outcome::Ignore;
    };
    if message.header().qr() {
        return Outcome::Ignore;
    }
    let Ok(question) = message.sole_question() else {
        return finish(start(&message, Rcode::FORMERR));
    };
    if question.qclass() != Class::IN {
        return finish(start(&message, Rcode::REFUSED));
    }
    let name = presentation(question.qname());
    let in_force = fault.filter(|(_, until)| now < *until);
    if let Some((fault, _)) = in_force.filter(|(fault, _)| hits(fault, &name)) {
        return broken(&message, fault.action, question.qtype());
    }
    let key = String::from_utf8_lossy(&name[..name.len() - 1]).to_lowercase();
    let Some(addresses) = zone.get(&key) else {
        // The cluster's own names are nobody else's business.
        let inside = key == CLUSTER || key.ends_with(&format!(".{CLUSTER}"));
        return if inside { unknown(query) } else { Outcome::Outside };
    };
    let mut reply = start(&message, Rcode::NOERROR);
    if let (Ok(reply), Rtype::A) = (reply.as_mut(), question.qtype()) {
        reply.header_mut().set_aa(true);
        for address in addresses {
            let _ = reply.push((question.qname(), CLUSTER_TTL, A::new(*address)));
        }
        if reply.as_slice().len() > limit(&message, transport) {
            reply.rewind();
            reply.header_mut().set_tc(true);
        }
    }
    finish(reply)
}

/// Patterns are text, so a question name that is not UTF-8 is never hit.
fn hits(fault: &DnsFault, name: &[u8]) -> bool {
    std::str::from_utf8(name).is_ok_and(|name| fault.patterns.matches(name))
}

/// The most bytes that the asker takes: over UDP 512, or what its EDNS option says (RFC 6891).
fn limit(message: &Message<&[u8]>, transport: Transport) -> usize {
    match transport {
        Transport::Tcp => u16::MAX.into(),
        Transport::Udp => {
            message.opt().map_or(512, |opt| usize::from(opt.udp_payload_size()).max(512))
        }
    }
}

/// NXDOMAIN for a name that nobody knows.
pub(super) fn unknown(query: &[u8]) -> Outcome {
    Message::from_octets(query)
        .map_or(Outcome::Ignore, |message| finish(start(&message, Rcode::NXDOMAIN)))
}

/// SERVFAIL, when upstream does not answer.
pub(super) fn failed(query: &[u8]) -> Outcome {
    Message::from_octets(query)
        .map_or(Outcome::Ignore, |message| finish(start(&message, Rcode::SERVFAIL)))
}

fn broken(message: &Message<&[u8]>, action: DnsAction, qtype: Rtype) -> Outcome {
    let Ok(question) = message.sole_question() else {
        return Outcome::Ignore;
    };
    if action == DnsAction::Error || !(qtype == Rtype::A || qtype == Rtype::AAAA) {
        return finish(start(message, Rcode::SERVFAIL));
    }
    let mut reply = start(message, Rcode::NOERROR);
    if let Ok(reply) = reply.as_mut() {
        reply.header_mut().set_aa(true);
        let name = question.qname();
        let _ = if qtype == Rtype::A {
            reply.push((name, RANDOM_TTL, A::new(random_address())))
        } else {
            reply.push((
                name,
                RANDOM_TTL,
                Aaaa::new([0x2001, 0xdb8, 0, 0, 0, 0x123, 0x12, 1].into()),
            ))
        };
    }
    finish(reply)
}

/// One of the three networks that RFC 5737 reserves for documentation.
fn random_address() -> Ipv4Addr {
    let mut rng = rand::rng();
    let [a, b, c] = [[192, 0, 2], [198, 51, 100], [203, 0, 113]][rng.random_range(0..3)];
    Ipv4Addr::new(a, b, c, rng.random_range(1..=254))
}

type Reply = Result<AnswerBuilder<Vec<u8>>, domain::base::message_builder::PushError>;

fn start(message: &Message<&[u8]>, rcode: Rcode) -> Reply {
    let mut builder = MessageBuilder::new_vec();
    builder.header_mut().set_ra(true);
    builder.start_answer(message, rcode)
}

fn finish(reply: Reply) -> Outcome {
    reply.map_or(Outcome::Ignore, |reply| Outcome::Reply(reply.finish()))
}

/// The name as Chaos Mesh's patterns see it: labels as sent, each followed by a dot.
fn presentation(name: &ParsedName<&[u8]>) -> Vec<u8> {
    let mut text = Vec::new();
    for label in name.iter().filter(|label| !label.is_root()) {
        text.extend_from_slice(label.as_slice());
        text.push(b'.');
    }
    if text.is_empty() {
        text.push(b'.');
    }
    text
}

#[cfg(test)]
mod tests;
