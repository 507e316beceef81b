//! The bytes of a question, and what the bytes of an answer mean. No sockets here, so every strange
//! answer is testable.
//!
//! Anybody on the network can send us a packet. An answer counts only if it repeats our random
//! number *and* our question, and if it can be read to the end of its answers; everything else is
//! noise, to be ignored while waiting goes on.

use std::net::IpAddr;

use domain::{
    base::{
        Message, MessageBuilder,
        iana::{Class, Rcode, Rtype},
    },
    rdata::{A, Aaaa},
};

use super::search::QueryName;

/// One question with its random identification number.
pub(super) struct Query {
    message: Message<Vec<u8>>,
    rtype: Rtype,
}

/// What a server said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// At least one address.
    Addresses(Vec<IpAddr>),
    /// The name exists without an address of this family.
    NoData,
    /// Aliases in a circle.
    AliasLoop,
    /// Cut to fit a UDP packet: ask again over TCP.
    Truncated,
    /// Any response code but success.
    Failed(Rcode),
}

impl Query {
    /// A question for the addresses of `name`. The number is new for each packet sent: with the
    /// port, which is new too, it is what a forger would have to guess.
    pub(super) fn new(name: &QueryName, rtype: Rtype) -> Self {
        let mut builder = MessageBuilder::new_vec();
        builder.header_mut().set_id(rand::random());
        // "Recursion desired": find the answer for us, do not send us from server to server.
        builder.header_mut().set_rd(true);
        let mut builder = builder.question();
        builder
            .push((name, rtype, Class::IN))
            .expect("one question of at most 271 bytes always fits");
        Self { message: builder.into_message(), rtype }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.message.as_slice()
    }

    /// The meaning of `bytes` if they answer this very question, else `None`.
    pub(super) fn reply_in(&self, bytes: &[u8]) -> Option<Reply> {
        let answer = Message::from_octets(bytes).ok()?;
        // Compares the number, the "this is a response" bit and the question; names without regard
        // to case.
        if !answer.is_answer(&self.message) {
            return None;
        }
        if answer.header().tc() {
            return Some(Reply::Truncated);
        }
        match answer.header().rcode() {
            Rcode::NOERROR => self.addresses_in(&answer),
            rcode => Some(Reply::Failed(rcode)),
        }
    }

    fn addresses_in(&self, answer: &Message<&[u8]>) -> Option<Reply> {
        let records = answer.answer().ok()?;
        if records.clone().any(|record| record.is_err()) {
            return None;
        }
        // The name asked for may be an alias (CNAME) of another, and so on; only the addresses at
        // the end of that chain are an answer. A record for any other name is none of our business.
        let Some(owner) = answer.canonical_name() else {
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

#[cfg(test)]
mod tests;
