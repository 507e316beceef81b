//! A message from a stranger: read with care, or refused.
//!
//! Nothing here trusts a length, a count or a pointer: the library bounds them all, and what it
//! cannot read is a FORMERR. Next: `desk.rs`, what becomes of a request.

use domain::base::iana::{Class, Opcode, Rcode};
use domain::base::opt::Opt;
use domain::base::{Message, Name, Rtype, Ttl};

use crate::refused::Refused;

/// The smallest that every client takes (RFC 1035, section 4.2.1).
const SMALLEST: u16 = 512;
/// The largest that no network on the way cuts in pieces (DNS flag day 2020).
pub const LARGEST: u16 = 1232;

/// A request that can be answered.
pub struct Request<'m> {
    /// As it came.
    pub message: Message<&'m [u8]>,
    /// Query or notification.
    pub opcode: Opcode,
    /// The name asked for, in lower case.
    pub name: Name<Vec<u8>>,
    /// The type asked for.
    pub rtype: Rtype,
    /// What the client says of itself.
    pub edns: Option<Edns>,
    /// Whether it carries a signature (TSIG).
    pub signed: bool,
}

/// EDNS (RFC 6891).
#[derive(Clone, Copy, Debug)]
pub struct Edns {
    size: u16,
    /// Whether signatures are wanted.
    pub dnssec: bool,
    version: u8,
}

/// A request that is not answered as it wishes.
#[derive(Debug)]
pub enum Bad {
    /// Not even an error is sent: it could be an answer to an answer.
    Dropped,
    /// This rcode is sent; BADVERS needs EDNS in the answer.
    Answered(Refused, Answered),
}

/// What a refused request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// An ordinary rcode.
    Rcode(Rcode),
    /// An EDNS version from the future.
    BadVersion,
}

impl<'m> Request<'m> {
    /// Reads a message.
    ///
    /// # Errors
    /// It is no request, or none for us.
    pub fn read(bytes: &'m [u8]) -> Result<Self, Bad> {
        let refuse = |why, rcode| Bad::Answered(why, Answered::Rcode(rcode));
        let malformed = || refuse(Refused::Malformed, Rcode::FORMERR);
        let message = Message::from_octets(bytes).map_err(|_| Bad::Dropped)?;
        let header = message.header();
        if header.qr() {
            return Err(Bad::Dropped);
        }
        if header.opcode() != Opcode::QUERY && header.opcode() != Opcode::NOTIFY {
            return Err(refuse(Refused::NotImplemented, Rcode::NOTIMP));
        }
        let question = message.sole_question().map_err(|_| malformed())?;
        let (mut edns, mut signed) = (None, false);
        // To the last record, although only two kinds matter: what cannot be read is not answered.
        let (_, answer, authority, additional) = message.sections().map_err(|_| malformed())?;
        for record in answer.chain(authority) {
            record.map_err(|_| malformed())?;
        }
        for record in additional {
            let record = record.map_err(|_| malformed())?;
            match record.rtype() {
                Rtype::OPT if edns.is_none() => {
                    record.to_record::<Opt<_>>().map_err(|_| malformed())?;
                    edns = Some(Edns::new(record.class(), record.ttl()));
                }
                Rtype::OPT => return Err(malformed()),
                Rtype::TSIG => signed = true,
                _ => {}
            }
        }
        if edns.is_some_and(|edns| edns.version != 0) {
            return Err(Bad::Answered(Refused::NotImplemented, Answered::BadVersion));
        }
        if question.qclass() != Class::IN {
            return Err(refuse(Refused::NotOurs, Rcode::REFUSED));
        }
        use domain::base::ToName as _;
        let name = question.qname().to_canonical_name();
        let (opcode, rtype) = (header.opcode(), question.qtype());
        Ok(Self { message, opcode, name, rtype, edns, signed })
    }

    /// How long an answer over UDP may be.
    pub fn limit(&self) -> usize {
        self.edns.map_or(SMALLEST, |edns| edns.size.clamp(SMALLEST, LARGEST)).into()
    }

    /// Whether signatures are wanted.
    pub fn dnssec(&self) -> bool {
        self.edns.is_some_and(|edns| edns.dnssec)
    }
}

impl Edns {
    /// EDNS puts its fields where other records have class and TTL.
    fn new(class: Class, ttl: Ttl) -> Self {
        let [_, version, flags, _] = ttl.as_secs().to_be_bytes();
        Self { size: class.to_int(), dnssec: flags & 0x80 != 0, version }
    }
}
