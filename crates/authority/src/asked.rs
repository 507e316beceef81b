//! A question to a nameserver, and which messages answer it.
//!
//! *Lesson: whoever answers may be somebody else.* An answer counts if it has the number of the
//! question and the question itself, and if there is a key, is signed with it. That it comes from
//! the address that was asked is for whoever has the socket.

use std::sync::Arc;

use domain::base::iana::Rcode;
use domain::base::message_builder::PushError;
use domain::base::{Message, MessageBuilder, Name, Rtype, ToName};
use domain::rdata::tsig::Time48;
use domain::rdata::{Rrsig, Soa};
use domain::tsig::{ClientSequence, Key};

use crate::collect::TransferError;
use crate::request::LARGEST;
use crate::zone::Entry;

/// What checks the answers to a signed question.
pub type Signer = ClientSequence<Arc<Key>>;

/// A question that was asked, and waits for its answer.
pub struct Asked {
    /// As it is sent.
    pub packet: Vec<u8>,
    id: u16,
    zone: Name<Vec<u8>>,
    rtype: Rtype,
    signer: Option<Signer>,
}

/// An answer to another question, or none that can be read: anybody may have sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an answer to somebody else's question")]
pub struct Stranger;

impl Asked {
    /// A question as everybody asks it, who also wants the signatures.
    ///
    /// # Errors
    /// A question is never too long.
    pub fn as_anybody(zone: &Name<Vec<u8>>, rtype: Rtype) -> Result<Self, PushError> {
        let id = rand::random();
        let mut builder = MessageBuilder::new_vec();
        builder.header_mut().set_id(id);
        let mut question = builder.question();
        question.push((zone, rtype))?;
        let mut additional = question.additional();
        additional.opt(|opt| {
            opt.set_udp_payload_size(LARGEST);
            opt.set_dnssec_ok(true);
            Ok(())
        })?;
        Ok(Self { packet: additional.finish(), id, zone: zone.clone(), rtype, signer: None })
    }

    /// A question as servers ask each other, signed if there is a key; `have` is what an IXFR
    /// request has already.
    ///
    /// # Errors
    /// A question is never too long.
    pub fn as_server(
        zone: &impl ToName,
        rtype: Rtype,
        have: Option<&Entry>,
        key: Option<&Arc<Key>>,
    ) -> Result<Self, PushError> {
        let id = rand::random();
        let zone: Name<Vec<u8>> = zone.to_name();
        let mut builder = MessageBuilder::new_vec();
        builder.header_mut().set_id(id);
        let mut question = builder.question();
        question.push((&zone, rtype))?;
        let mut authority = question.authority();
        if let Some(have) = have {
            authority.push(have)?;
        }
        let mut additional = authority.additional();
        let sign =
            |key: &Arc<Key>| ClientSequence::request(key.clone(), &mut additional, Time48::now());
        let signer = key.map(sign).transpose()?;
        Ok(Self { packet: additional.finish(), id, zone, rtype, signer })
    }

    /// Its number.
    pub fn id(&self) -> u16 {
        self.id
    }

    /// What to check the answers' signatures with.
    pub fn signer(&self) -> Option<Signer> {
        self.signer.clone()
    }

    /// The message, if it answers this question.
    ///
    /// # Errors
    /// It does not.
    pub fn answered_by(&self, bytes: Vec<u8>) -> Result<Message<Vec<u8>>, Stranger> {
        let message = Message::from_octets(bytes).map_err(|_| Stranger)?;
        if !message.header().qr() || message.header().id() != self.id {
            return Err(Stranger);
        }
        // A server that could not read the question may leave it out, and so may the later messages
        // of a transfer.
        let asked = message.first_question();
        let ours = asked
            .is_none_or(|asked| asked.qname().name_eq(&self.zone) && asked.qtype() == self.rtype);
        if ours { Ok(message) } else { Err(Stranger) }
    }

    /// The message, if it answers this question, is signed as the question was, and no error.
    ///
    /// # Errors
    /// It is not.
    pub fn checked(
        &self,
        bytes: Vec<u8>,
        signer: &mut Option<Signer>,
    ) -> Result<Message<Vec<u8>>, TransferError> {
        let mut message = self.answered_by(bytes).map_err(|_| TransferError::Stranger)?;
        if let Some(signer) = signer {
            let checked = signer.answer(&mut message, Time48::now());
            checked.map_err(|why| TransferError::Signature(why.to_string()))?;
        }
        match message.header().rcode() {
            Rcode::NOERROR => Ok(message),
            rcode => Err(TransferError::Refused(rcode)),
        }
    }
}

/// The serial in an answer; none if there is no SOA record.
///
/// # Errors
/// It cannot be read.
pub fn serial(answer: &Message<Vec<u8>>) -> Result<Option<u32>, TransferError> {
    let malformed = |_| TransferError::Malformed;
    let soa = answer.answer().map_err(malformed)?.limit_to::<Soa<_>>().next();
    Ok(soa.transpose().map_err(malformed)?.map(|soa| soa.data().serial().into_int()))
}

/// When the last signature over records of this type ends: with two keys, one may outlive the
/// other. None if there is no signature.
pub fn last_expiry(answer: &Message<Vec<u8>>, rtype: Rtype) -> Option<u32> {
    let signatures = answer.answer().ok()?.limit_to::<Rrsig<_, _>>();
    let ends = signatures.filter_map(|signature| {
        let signature = signature.ok()?;
        let covers = signature.data().type_covered() == rtype;
        covers.then(|| signature.data().expiration().into_int())
    });
    ends.max()
}
