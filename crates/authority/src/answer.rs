//! What a zone has to say about a name and a type (RFC 1034, section 4.3.2; RFC 4035, section 3.1).
//!
//! *Lesson: "no" comes in three kinds, and each has to be proved.* NXDOMAIN: no such name. NODATA:
//! the name has no such record. A referral: somebody else knows. Where signatures are wanted, each
//! brings the NSEC records that leave no room for a forgery. Next: `desk.rs`, how it is sent.

use domain::base::iana::Rcode;
use domain::base::{Name, Rtype, ToName, Ttl};
use domain::rdata::ZoneRecordData;

use crate::zone::{Node, Owner, Set, Zone};

/// Aliases that are followed; a circle of them ends here.
const ALIASES: usize = 8;

/// An answer, not yet a message.
#[derive(Debug, Default)]
pub struct Answer<'z> {
    /// No such name.
    pub nxdomain: bool,
    /// Somebody else's zone begins on the way.
    pub referral: bool,
    /// The records asked for.
    pub answer: Vec<Part<'z>>,
    /// Who says no, and proof; or who knows.
    pub authority: Vec<Part<'z>>,
    /// Addresses of those who know.
    pub additional: Vec<Part<'z>>,
}

/// A set of records in an answer.
#[derive(Debug)]
pub struct Part<'z> {
    /// The records.
    pub set: &'z Set,
    /// The name to give them: a wildcard's records get that of the question.
    pub owner: Option<Owner>,
    /// The TTL to give them.
    pub ttl: Option<Ttl>,
}

impl<'z> Part<'z> {
    /// As it is in the zone.
    pub fn of(set: &'z Set) -> Self {
        Self { set, owner: None, ttl: None }
    }
}

impl Answer<'_> {
    /// The rcode.
    pub fn rcode(&self) -> Rcode {
        if self.nxdomain { Rcode::NXDOMAIN } else { Rcode::NOERROR }
    }
}

/// What `zone` says about `name`, which is in lower case and in the zone; `dnssec`: with proof.
pub fn find<'z>(zone: &'z Zone, name: &Name<Vec<u8>>, rtype: Rtype, dnssec: Proof) -> Answer<'z> {
    let mut answer = Answer::default();
    let mut name = name.clone();
    for _ in 0..ALIASES {
        match (Search { zone, dnssec, answer: &mut answer }).once(&name, rtype) {
            Some(target) if target.ends_with(zone.apex()) => name = target,
            _ => break,
        }
    }
    answer
}

/// Whether an answer brings what proves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// It does.
    Wanted,
    /// It does not.
    NotWanted,
}

struct Search<'z, 'a> {
    zone: &'z Zone,
    dnssec: Proof,
    answer: &'a mut Answer<'z>,
}

impl<'z> Search<'z, '_> {
    /// Looks for one name; the name that it is an alias of, if it is.
    fn once(&mut self, name: &Name<Vec<u8>>, rtype: Rtype) -> Option<Name<Vec<u8>>> {
        let zone = self.zone;
        let depth = name.label_count() - zone.apex().label_count();
        // From the apex down to the name, as far as there is something.
        let suffixes: Vec<&[u8]> =
            name.iter_suffixes().take(depth + 1).map(|suffix| suffix.into_octets()).collect();
        let mut closest = None;
        for (above, suffix) in suffixes.iter().enumerate().rev() {
            let Some(node) = zone.node(suffix) else { break };
            let parents_own = above == 0 && rtype == Rtype::DS;
            if above < depth
                && !parents_own
                && let Some(servers) = node.set(Rtype::NS)
            {
                self.refer(node, servers);
                return None;
            }
            closest = Some((above, node));
        }
        match closest {
            Some((0, node)) => self.at(node, name, rtype, None),
            Some((above, _)) => self.at_wildcard(name, suffixes[above], rtype),
            None => None,
        }
    }

    /// The name is there. `given` is the name to show, if these are a wildcard's records.
    fn at(
        &mut self,
        node: &'z Node,
        name: &Name<Vec<u8>>,
        rtype: Rtype,
        given: Option<Owner>,
    ) -> Option<Name<Vec<u8>>> {
        let any = rtype == Rtype::ANY; // one set is answer enough (RFC 8482)
        let set = if any { node.first() } else { node.set(rtype) };
        if let Some(set) = set {
            self.answer.answer.push(Part { owner: given, ..Part::of(set) });
            return None;
        }
        if let Some(alias) = node.set(Rtype::CNAME) {
            self.answer.answer.push(Part { owner: given, ..Part::of(alias) });
            return match self.zone.records(alias).first()?.data() {
                ZoneRecordData::Cname(target) => Some(target.cname().to_canonical_name()),
                _ => None,
            };
        }
        self.deny();
        if self.dnssec == Proof::Wanted {
            // A name that only has names below it has no NSEC record: it lies in a gap.
            let proof = node.set(Rtype::NSEC).or_else(|| self.zone.gap(name));
            self.prove(proof);
        }
        None
    }

    /// The name is not there; perhaps `*` is, below the closest name that exists.
    fn at_wildcard(
        &mut self,
        name: &Name<Vec<u8>>,
        closest: &[u8],
        rtype: Rtype,
    ) -> Option<Name<Vec<u8>>> {
        let wildcard = [b"\x01*", closest].concat();
        let found = self.zone.node(&wildcard);
        let next = match found {
            Some(node) => {
                let given = Some(name.to_bytes());
                // Where the wildcard itself says no, its own name is what is proved.
                let of = Name::from_octets(wildcard.clone()).unwrap_or_else(|_| name.clone());
                self.at(node, &of, rtype, given)
            }
            None => {
                self.answer.nxdomain = true;
                self.deny();
                None
            }
        };
        if self.dnssec == Proof::Wanted {
            self.prove(self.zone.gap(name));
            if found.is_none()
                && let Ok(wildcard) = Name::from_octets(wildcard)
            {
                self.prove(self.zone.gap(&wildcard));
            }
        }
        next
    }

    /// The SOA record, with the time for which a "no" may be remembered (RFC 2308).
    fn deny(&mut self) {
        let ttl = self.zone.soa_entry().ttl().min(self.zone.soa().minimum());
        self.answer.authority.push(Part { ttl: Some(ttl), ..Part::of(self.zone.soa_set()) });
    }

    fn prove(&mut self, proof: Option<&'z Set>) {
        if let Some(set) = proof.filter(|set| !self.knows(set)) {
            self.answer.authority.push(Part::of(set));
        }
    }

    fn knows(&self, set: &Set) -> bool {
        let start = |set: &Set| self.zone.records(set).as_ptr();
        self.answer.authority.iter().any(|part| start(part.set) == start(set))
    }

    fn refer(&mut self, node: &'z Node, servers: &'z Set) {
        self.answer.referral = self.answer.answer.is_empty();
        self.answer.authority.push(Part::of(servers));
        if self.dnssec == Proof::Wanted {
            self.prove(node.set(Rtype::DS).or_else(|| node.set(Rtype::NSEC)));
        }
        for server in self.zone.records(servers) {
            let ZoneRecordData::Ns(server) = server.data() else { continue };
            let name = server.nsdname().as_slice().to_ascii_lowercase();
            let Some(node) = self.zone.node(&name) else { continue };
            let addresses = [Rtype::A, Rtype::AAAA].into_iter().filter_map(|one| node.set(one));
            self.answer.additional.extend(addresses.map(Part::of));
        }
    }
}
