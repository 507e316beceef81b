//! Answers as messages: compressed, no longer than the client takes, EDNS and signature at the end.

use std::sync::Arc;

use domain::base::iana::{OptRcode, Rcode};
use domain::base::message_builder::{AdditionalBuilder, PushError, RecordSectionBuilder};
use domain::base::{Message, MessageBuilder, StaticCompressor};
use domain::rdata::tsig::Time48;
use domain::tsig::{Key, ServerSequence};

use crate::answer::{Answer, Part, Proof};
use crate::request::{Answered, LARGEST, Request};
use crate::zone::Zone;

/// Where messages are put together.
type Target = StaticCompressor<Vec<u8>>;
/// What signs an answer to a signed request.
pub type Signer = ServerSequence<Arc<Key>>;

/// An answer without records.
///
/// # Errors
/// It is too long.
pub fn bare(
    request: &Request<'_>,
    rcode: Rcode,
    signer: Option<Signer>,
) -> Result<Vec<u8>, PushError> {
    let mut answer = builder().start_answer(&request.message, rcode)?;
    answer.header_mut().set_aa(rcode == Rcode::NOERROR);
    finish(with_edns(request, answer.additional())?, signer)
}

fn builder() -> MessageBuilder<Target> {
    let Ok(builder) =
        MessageBuilder::from_target(StaticCompressor::new(Vec::with_capacity(LARGEST.into())));
    builder
}

/// An answer of at most `limit` bytes, not yet signed.
///
/// # Errors
/// It is longer.
pub fn compose(
    request: &Request<'_>,
    zone: &Zone,
    (found, proof): (&Answer<'_>, Proof),
    limit: usize,
) -> Result<AdditionalBuilder<Target>, PushError> {
    /// What EDNS takes in an answer.
    const EDNS: usize = 11;
    let mut message = builder();
    message.set_push_limit(limit + 1 - EDNS);
    let mut answer = message.start_answer(&request.message, found.rcode())?;
    answer.header_mut().set_aa(!found.referral);
    for part in &found.answer {
        push(&mut answer, zone, part, proof)?;
    }
    let mut authority = answer.authority();
    for part in &found.authority {
        push(&mut authority, zone, part, proof)?;
    }
    let mut additional = authority.additional();
    for part in &found.additional {
        push(&mut additional, zone, part, proof)?;
    }
    additional.clear_push_limit();
    with_edns(request, additional)
}

/// "It does not fit: ask over TCP."
///
/// # Errors
/// A question is never too long.
pub fn truncated(request: &Request<'_>) -> Result<AdditionalBuilder<Target>, PushError> {
    let mut answer = builder().start_answer(&request.message, Rcode::NOERROR)?;
    answer.header_mut().set_aa(true);
    answer.header_mut().set_tc(true);
    with_edns(request, answer.additional())
}

fn with_edns(
    request: &Request<'_>,
    mut message: AdditionalBuilder<Target>,
) -> Result<AdditionalBuilder<Target>, PushError> {
    if let Some(edns) = request.edns {
        message.opt(|opt| {
            opt.set_udp_payload_size(LARGEST);
            opt.set_dnssec_ok(edns.dnssec);
            Ok(())
        })?;
    }
    Ok(message)
}

/// Signs an answer if its request was signed.
///
/// # Errors
/// The signature does not fit.
pub fn finish(
    mut message: AdditionalBuilder<Target>,
    signer: Option<Signer>,
) -> Result<Vec<u8>, PushError> {
    if let Some(mut signer) = signer {
        signer.answer(&mut message, Time48::now())?;
    }
    Ok(message.finish().into_target())
}

/// The answer to what could not be read: its header, turned around.
pub fn refusal(bytes: &[u8], answered: Answered) -> Option<Vec<u8>> {
    let message = Message::from_octets(bytes).ok()?;
    let mut builder = builder();
    let header = builder.header_mut();
    header.set_id(message.header().id());
    header.set_qr(true);
    header.set_opcode(message.header().opcode());
    header.set_rd(message.header().rd());
    let mut additional = match answered {
        Answered::Rcode(rcode) => {
            header.set_rcode(rcode);
            return Some(builder.finish().into_target());
        }
        Answered::BadVersion => builder.additional(),
    };
    let badvers = additional.opt(|opt| {
        opt.set_udp_payload_size(LARGEST);
        opt.set_rcode(OptRcode::BADVERS);
        Ok(())
    });
    badvers.ok()?;
    Some(additional.finish().into_target())
}

/// A set of records, and the signatures over it.
fn push(
    section: &mut impl RecordSectionBuilder<Target>,
    zone: &Zone,
    part: &Part<'_>,
    proof: Proof,
) -> Result<(), PushError> {
    let signatures = zone.signatures(part.set).filter(|_| proof == Proof::Wanted);
    for entry in zone.records(part.set).iter().chain(signatures) {
        let owner = part.owner.as_ref().unwrap_or(entry.owner());
        let ttl = part.ttl.unwrap_or(entry.ttl());
        section.push((owner, entry.class(), ttl, entry.data()))?;
    }
    Ok(())
}
