//! A zone on its way to a secondary: all of it (AXFR, RFC 5936), or what has changed (IXFR, RFC
//! 1995), as a series of messages.
//!
//! *Lesson: a transfer is a stream.* A zone is larger than a message, so that it takes several,
//! each signed in one chain with those before. The same messages in a file are how a server
//! remembers its zone, see `state.rs`.

use std::collections::VecDeque;
use std::sync::Arc;

use domain::base::iana::{Opcode, Rcode};
use domain::base::{HashCompressor, MessageBuilder, Name, Rtype};
use domain::rdata::tsig::Time48;
use domain::tsig::{Key, ServerSequence};

use crate::history::{History, Step};
use crate::serial::is_newer;
use crate::zone::{Entry, Zone};

/// Names are compressed by pointing at the first 16 KiB of a message: no more is put into one.
const MESSAGE_MAX: usize = 16_000;

/// Which kind of transfer it became.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// All of it.
    Axfr,
    /// What has changed.
    Ixfr,
}

impl Kind {
    /// As a label.
    pub fn label(self) -> &'static str {
        match self {
            Self::Axfr => "axfr",
            Self::Ixfr => "ixfr",
        }
    }
}

/// The messages of a transfer; `None` at its end.
pub struct Transfer {
    /// What it is.
    pub kind: Kind,
    id: u16,
    question: (Name<Vec<u8>>, Rtype),
    parts: VecDeque<Source>,
    signer: Option<ServerSequence<Arc<Key>>>,
}

/// Where the next records come from, and how many of them were sent.
enum Source {
    Soa(Arc<Zone>),
    Zone(Arc<Zone>, usize),
    Removed(Arc<Step>, usize),
    Added(Arc<Step>, usize),
}

impl Source {
    /// The next record.
    fn peek(&self) -> Option<&Entry> {
        match self {
            Self::Soa(zone) => Some(zone.soa_entry()),
            Self::Zone(zone, index) => zone.entries().get(*index),
            Self::Removed(step, 0) => Some(&step.old),
            Self::Removed(step, index) => step.removed.get(index - 1),
            Self::Added(step, 0) => Some(&step.new),
            Self::Added(step, index) => step.added.get(index - 1),
        }
    }

    /// Whether another one follows.
    fn advance(&mut self) -> bool {
        match self {
            Self::Soa(_) => return false,
            Self::Zone(_, index) | Self::Removed(_, index) | Self::Added(_, index) => *index += 1,
        }
        self.skip_soa();
        self.peek().is_some()
    }
}

impl Source {
    /// The whole zone but its SOA record, which is sent first and last.
    fn whole(zone: &Arc<Zone>) -> Self {
        let mut whole = Self::Zone(zone.clone(), 0);
        whole.skip_soa();
        whole
    }

    fn skip_soa(&mut self) {
        if let Self::Zone(zone, index) = self
            && zone.entries().get(*index).is_some_and(|entry| entry.rtype() == Rtype::SOA)
        {
            *index += 1;
        }
    }
}

impl Transfer {
    /// The answer to a request with this id and question; `have` is the serial in an IXFR request.
    pub fn new(
        history: &History,
        (id, question): (u16, (Name<Vec<u8>>, Rtype)),
        have: Option<u32>,
        signer: Option<ServerSequence<Arc<Key>>>,
    ) -> Self {
        let zone = &history.zone;
        let soa = || Source::Soa(zone.clone());
        let newest = have.is_some_and(|serial| !is_newer(zone.serial(), serial));
        let steps = have.and_then(|serial| history.since(serial));
        let (kind, parts) = match steps {
            _ if newest => (Kind::Ixfr, VecDeque::from([soa()])),
            Some(steps) => {
                let changes = steps
                    .into_iter()
                    .flat_map(|step| [Source::Removed(step.clone(), 0), Source::Added(step, 0)]);
                let parts = std::iter::once(soa()).chain(changes).chain([soa()]);
                (Kind::Ixfr, parts.collect())
            }
            None => (Kind::Axfr, VecDeque::from([soa(), Source::whole(zone), soa()])),
        };
        Self { kind, id, question, parts, signer }
    }
}

impl Iterator for Transfer {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        self.parts.front()?;
        let target = HashCompressor::new(Vec::with_capacity(MESSAGE_MAX + 512));
        let Ok(mut builder) = MessageBuilder::from_target(target);
        let header = builder.header_mut();
        header.set_id(self.id);
        header.set_qr(true);
        header.set_aa(true);
        header.set_opcode(Opcode::QUERY);
        header.set_rcode(Rcode::NOERROR);
        builder.set_push_limit(MESSAGE_MAX);
        let mut question = builder.question();
        question.push((&self.question.0, self.question.1)).ok()?;
        let mut answer = question.answer();
        let mut empty = true;
        while let Some(source) = self.parts.front_mut() {
            let record = source.peek()?;
            if answer.push(record).is_err() {
                if !empty {
                    break;
                }
                // One record that is longer than a message of ours still fits into one of theirs.
                answer.clear_push_limit();
                answer.push(record).ok()?;
                answer.set_push_limit(MESSAGE_MAX);
            }
            empty = false;
            if !source.advance() {
                self.parts.pop_front();
            }
        }
        answer.clear_push_limit();
        let mut additional = answer.additional();
        if let Some(signer) = &mut self.signer {
            signer.answer(&mut additional, Time48::now()).ok()?;
        }
        let message = additional.finish().into_target();
        (message.len() <= usize::from(u16::MAX)).then_some(message)
    }
}
