//! Where every message arrives, over UDP and TCP: read, checked, answered, counted.
//!
//! Next: the service's `listen.rs`, for the sockets.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Instant;

use domain::base::iana::{Opcode, Rcode};
use domain::base::message_builder::PushError;
use domain::base::{Message, MessageBuilder, Rtype};
use domain::rdata::Soa;
use domain::rdata::tsig::Time48;
use domain::tsig::ServerSequence;

use crate::answer::{self, Answer, Part, Proof};
use crate::message::{self, Signer};
use crate::metrics::Metrics;
use crate::notified::Notified;
use crate::outgoing::Transfer;
use crate::published::Published;
use crate::refused::Refused;
use crate::request::{Bad, LARGEST, Request};
use crate::tsig::Keys;

/// How a message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// In a packet: nothing that is long, and nobody knows whether the sender is who it says.
    Udp,
    /// Over a connection.
    Tcp,
}

impl Transport {
    fn label(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
        }
    }
}

/// What to send.
pub enum Reply {
    /// Nothing.
    Silence,
    /// A message.
    Message(Vec<u8>),
    /// Messages, over TCP.
    Transfer(Box<Transfer>),
}

/// What every message is answered from.
pub struct Desk {
    /// The zone.
    pub published: Arc<Published>,
    /// Who may copy it.
    pub keys: Keys,
    /// Who may say that there is another version; nobody, if this is the primary.
    pub notified: Option<Arc<Notified>>,
    /// Whether anybody may copy it at present.
    pub transfers_allowed: AtomicBool,
    /// Everything is counted.
    pub metrics: Metrics,
}

impl Desk {
    /// What to send in answer to `bytes`.
    pub fn handle(&self, bytes: &[u8], from: IpAddr, transport: Transport) -> Reply {
        let started = Instant::now();
        let (reply, rtype) = match Request::read(bytes) {
            Ok(request) => (self.answer(&request, from, transport), Some(request.rtype)),
            Err(Bad::Dropped) => {
                self.metrics.refused(Refused::NoQuestion);
                return Reply::Silence;
            }
            Err(Bad::Answered(why, answered)) => {
                self.metrics.refused(why);
                (message::refusal(bytes, answered).map_or(Reply::Silence, Reply::Message), None)
            }
        };
        let rcode = match &reply {
            Reply::Silence => return reply,
            Reply::Message(message) => {
                Message::from_octets(message).map_or(Rcode::SERVFAIL, |one| one.header().rcode())
            }
            Reply::Transfer(_) => Rcode::NOERROR,
        };
        self.metrics.answered(transport.label(), rtype, rcode, started.elapsed());
        reply
    }

    fn answer(&self, request: &Request<'_>, from: IpAddr, transport: Transport) -> Reply {
        let signer = match self.check_signature(request) {
            Ok(signer) => signer,
            Err(reply) => return reply,
        };
        let reply = if !request.name.ends_with(self.published.apex()) {
            self.metrics.refused(Refused::NotOurs);
            message::bare(request, Rcode::REFUSED, signer)
        } else if request.opcode == Opcode::NOTIFY {
            return self.notify(request, from, signer);
        } else {
            match request.rtype {
                Rtype::AXFR | Rtype::IXFR => return self.transfer(request, transport, signer),
                _ => self.query(request, transport, signer),
            }
        };
        // Nothing that was pushed without a limit can fail to fit; if it does, silence is honest.
        reply.map_or(Reply::Silence, Reply::Message)
    }

    /// Whoever signs has to sign rightly, even for what needs no signature.
    fn check_signature(&self, request: &Request<'_>) -> Result<Option<Signer>, Reply> {
        if !request.signed {
            return Ok(None);
        }
        let copy = Message::from_octets(request.message.as_slice().to_vec());
        let Ok(mut copy) = copy else { return Err(Reply::Silence) };
        ServerSequence::request(&self.keys.store, &mut copy, Time48::now()).map_err(|why| {
            self.metrics.refused(Refused::BadKey);
            let answer = why.build_message(&copy, MessageBuilder::new_vec());
            answer.map_or(Reply::Silence, |answer| Reply::Message(answer.finish()))
        })
    }

    fn query(
        &self,
        request: &Request<'_>,
        transport: Transport,
        signer: Option<Signer>,
    ) -> Result<Vec<u8>, PushError> {
        let Some(zone) = self.published.zone() else {
            return message::bare(request, Rcode::SERVFAIL, signer);
        };
        let proof = if request.dnssec() { Proof::Wanted } else { Proof::NotWanted };
        let answer = answer::find(&zone, &request.name, request.rtype, proof);
        let limit = match transport {
            Transport::Udp => request.limit(),
            Transport::Tcp => usize::from(u16::MAX),
        };
        let limit = limit - signer.as_ref().map_or(0, |signer| signer.key().compose_len().into());
        let message = message::compose(request, &zone, (&answer, proof), limit);
        let additional = message.or_else(|_| message::truncated(request))?;
        message::finish(additional, signer)
    }

    fn transfer(
        &self,
        request: &Request<'_>,
        transport: Transport,
        signer: Option<Signer>,
    ) -> Reply {
        let kind = if request.rtype == Rtype::AXFR { "axfr" } else { "ixfr" };
        let refuse = |rcode, signer| {
            self.metrics.refused(Refused::Transfer);
            self.metrics.transferred("out", kind, Err(()));
            message::bare(request, rcode, signer).map_or(Reply::Silence, Reply::Message)
        };
        let named = request.name == *self.published.apex();
        let allowed = signer.is_some() && self.transfers_allowed.load(Relaxed);
        if !named || !allowed || (transport == Transport::Udp && kind == "axfr") {
            return refuse(Rcode::REFUSED, signer);
        }
        let Some(history) = self.published.now() else {
            return refuse(Rcode::SERVFAIL, signer);
        };
        let have = if kind == "ixfr" { serial_in(request) } else { None };
        if kind == "ixfr" && have.is_none() {
            return refuse(Rcode::FORMERR, signer);
        }
        if transport == Transport::Udp {
            // The newest SOA alone says: ask again over TCP (RFC 1995, section 2).
            let zone = &history.zone;
            let soa = Answer { answer: vec![Part::of(zone.soa_set())], ..Answer::default() };
            let message = message::compose(request, zone, (&soa, Proof::NotWanted), LARGEST.into());
            let message = message.and_then(|message| message::finish(message, signer));
            return message.map_or(Reply::Silence, Reply::Message);
        }
        let question = (request.name.clone(), request.rtype);
        let id = request.message.header().id();
        Reply::Transfer(Box::new(Transfer::new(&history, (id, question), have, signer)))
    }

    fn notify(&self, request: &Request<'_>, from: IpAddr, signer: Option<Signer>) -> Reply {
        let ours = request.name == *self.published.apex() && request.rtype == Rtype::SOA;
        let heard = self
            .notified
            .as_ref()
            .filter(|notified| ours && (signer.is_some() || notified.is_from_primary(from)));
        let rcode = match heard {
            Some(notified) => {
                notified.wake();
                Rcode::NOERROR
            }
            None => {
                self.metrics.refused(Refused::Notify);
                Rcode::REFUSED
            }
        };
        let ok = if heard.is_some() { Ok(()) } else { Err(()) };
        self.metrics.notified("in", ok);
        message::bare(request, rcode, signer).map_or(Reply::Silence, Reply::Message)
    }
}

/// The serial that an IXFR request has in its authority section.
fn serial_in(request: &Request<'_>) -> Option<u32> {
    let mut authority = request.message.authority().ok()?.limit_to::<Soa<_>>();
    Some(authority.next()?.ok()?.data().serial().into_int())
}
