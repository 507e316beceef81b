//! The bytes of a question, and what the bytes of an answer mean. No sockets here, so every strange
//! answer is testable.
//!
//! Anybody on the network can send us a packet. An answer counts only if it repeats our random
//! number *and* our question, and if it can be read to the end of its answers; everything else is
//! noise, to be ignored while waiting goes on.

use std::{collections::HashMap, net::IpAddr};

use domain::{
    base::{
        Message, MessageBuilder, ParsedName,
        iana::{Class, OptRcode, Rcode, Rtype},
    },
    rdata::{A, Aaaa, Cname},
};

use crate::name::QueryName;

/// The answers that EDNS lets us announce room for, in bytes: what passes every network without
/// being cut into fragments, and glibc's figure (`RESOLV_EDNS_BUFFER_SIZE`).
const EDNS_BYTES: u16 = 1200;

/// One question with its random identification number.
pub(crate) struct Query {
    message: Message<Vec<u8>>,
    name: QueryName,
    rtype: Rtype,
}

/// What a server said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// At least one address.
    Addresses(Vec<IpAddr>),
    /// The name exists without an address of this family.
    NoData,
    /// Nothing at all, by a server that neither owns the name nor would ask others. Such a server
    /// refers its clients elsewhere, and only other name servers understand it.
    Lame,
    /// Aliases in a circle.
    AliasLoop,
    /// Cut to fit a UDP packet: ask again over TCP.
    Truncated,
    /// Any response code but success.
    Failed(OptRcode),
}

impl Query {
    /// A question for the addresses of `name`. The number is new for each question: with the port,
    /// which is new too, it is what a forger would have to guess.
    pub(crate) fn new(name: &QueryName, rtype: Rtype, edns: bool) -> Self {
        let mut builder = MessageBuilder::new_vec();
        builder.header_mut().set_id(rand::random());
        // "Recursion desired": find the answer for us, do not send us from server to server.
        builder.header_mut().set_rd(true);
        let mut builder = builder.question();
        builder
            .push((name, rtype, Class::IN))
            .expect("one question of at most 271 bytes always fits");
        let mut builder = builder.additional();
        if edns {
            builder
                .opt(|options| {
                    options.set_udp_payload_size(EDNS_BYTES);
                    Ok(())
                })
                .expect("11 bytes more always fit");
        }
        Self { message: builder.into_message(), name: name.clone(), rtype }
    }

    /// The same question for servers that do not know EDNS.
    pub(crate) fn without_edns(&self) -> Self {
        Self::new(&self.name, self.rtype, false)
    }

    pub(crate) fn has_edns(&self) -> bool {
        self.message.header_counts().arcount() > 0
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.message.as_slice()
    }

    /// The meaning of `bytes` if they answer this very question, else `None`.
    pub(crate) fn reply_in(&self, bytes: &[u8]) -> Option<Reply> {
        let answer = Message::from_octets(bytes).ok()?;
        if self.was_not_understood(&answer) {
            return Some(Reply::Failed(OptRcode::FORMERR));
        }
        // Compares the number, the "this is a response" bit and the question; names without regard
        // to case.
        if !answer.is_answer(&self.message) {
            return None;
        }
        if answer.header().tc() {
            return Some(Reply::Truncated);
        }
        match answer.opt_rcode() {
            OptRcode::NOERROR if is_lame(&answer) => Some(Reply::Lame),
            OptRcode::NOERROR => self.addresses_in(&answer),
            rcode => Some(Reply::Failed(rcode)),
        }
    }

    /// A server that does not know EDNS may fail to read the question, and then cannot repeat it.
    fn was_not_understood(&self, answer: &Message<&[u8]>) -> bool {
        let (header, counts) = (answer.header(), answer.header_counts());
        header.qr()
            && header.id() == self.message.header().id()
            && header.rcode() == Rcode::FORMERR
            && counts.qdcount() == 0
            && self.has_edns()
    }

    fn addresses_in(&self, answer: &Message<&[u8]>) -> Option<Reply> {
        let records = answer.answer().ok()?;
        if records.clone().any(|record| record.is_err()) {
            return None;
        }
        // The name asked for may be an alias (CNAME) of another, and so on; only the addresses at
        // the end of that chain are an answer. A record for any other name is none of our business.
        let Some(owner) = end_of_aliases(answer) else {
            return Some(Reply::AliasLoop);
        };
        let mut addresses = Vec::new();
        if self.rtype == Rtype::A {
            for record in records.limit_to_in::<A>() {
                let record = record.ok()?;
                if *record.owner() == owner {
                    addresses.push(IpAddr::V4(record.data().addr()));
                }
            }
        } else {
            for record in records.limit_to_in::<Aaaa>() {
                let record = record.ok()?;
                if *record.owner() == owner {
                    addresses.push(IpAddr::V6(record.data().addr()));
                }
            }
        }
        Some(if addresses.is_empty() { Reply::NoData } else { Reply::Addresses(addresses) })
    }
}

/// glibc's test in `resolv/res_send.c`, to the letter.
fn is_lame(answer: &Message<&[u8]>) -> bool {
    let (header, counts) = (answer.header(), answer.header_counts());
    !header.aa() && !header.ra() && counts.ancount() == 0 && counts.arcount() == 0
}

/// The name at the end of the chain of aliases that begins with the question, in whatever order
/// the records come and however many there are; `None` if the chain is a circle.
///
/// (`Message::canonical_name` would do, but gives up after 20 aliases.)
fn end_of_aliases<'a>(answer: &Message<&'a [u8]>) -> Option<ParsedName<&'a [u8]>> {
    let mut aliases = HashMap::new();
    for record in answer.answer().ok()?.limit_to_in::<Cname<_>>().flatten() {
        let owner = record.owner().to_owned();
        aliases.entry(owner).or_insert_with(|| record.into_data().into_cname());
    }
    let mut name = answer.first_question()?.into_qname();
    // Each step uses up an alias, so nothing but a circle lasts longer.
    for _ in 0..=aliases.len() {
        match aliases.get(&name) {
            Some(target) => name = *target,
            None => return Some(name),
        }
    }
    None
}

#[cfg(test)]
mod tests;
