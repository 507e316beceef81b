//! One version of a zone: its records in DNSSEC's order, and where those of each name are.
//!
//! *Lesson: a zone is a sorted list.* The order of RFC 4034, section 6.1, serves three: signatures
//! cover sets in it, NSEC denies what lies between two neighbours, and two versions are compared
//! by walking them side by side. A version never changes; a change is another version. Next:
//! `answer.rs`, what is found in it.

mod text;

pub use text::{default_zone, parse_entries};

use std::cmp::Ordering;
use std::collections::HashMap;
use std::ops::Range;

use bytes::Bytes;
use domain::base::iana::Class;
use domain::base::{CanonicalOrd, Name, Record, Rtype, ToName};
use domain::rdata::{Soa, ZoneRecordData};

/// A name.
pub type Owner = Name<Bytes>;
/// What a record says.
pub type Data = ZoneRecordData<Bytes, Owner>;
/// A record.
pub type Entry = Record<Owner, Data>;

/// Why records make no zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// A zone begins with its SOA record.
    #[error("{0} SOA records at {1}: a zone has one")]
    Soa(usize, Owner),
    /// A record of another zone.
    #[error("{0} is not below {1}")]
    Outside(Owner, Owner),
    /// Text that is no zone file.
    #[error("{0}")]
    Text(String),
}

/// All records of a zone.
#[derive(Debug)]
pub struct Zone {
    apex: Owner,
    entries: Vec<Entry>,
    nodes: HashMap<Box<[u8]>, Node>,
    chain: Vec<Set>,
    soa: Set,
    expiry: Option<u32>,
}

/// What there is at one name: nothing, if there are only names below it.
#[derive(Debug, Default)]
pub struct Node {
    sets: Vec<Set>,
}

/// The records of one name and type, and the signatures over them.
#[derive(Clone, Debug)]
pub struct Set {
    /// Their type.
    pub rtype: Rtype,
    records: Range<usize>,
    signatures: Vec<usize>,
}

impl Zone {
    /// Sorts records into a zone.
    ///
    /// # Errors
    /// One lies outside of it, or it does not have exactly one SOA record.
    pub fn new(apex: Owner, mut entries: Vec<Entry>) -> Result<Self, ZoneError> {
        let stranger =
            entries.iter().find(|one| one.class() != Class::IN || !one.owner().ends_with(&apex));
        if let Some(stranger) = stranger {
            return Err(ZoneError::Outside(stranger.owner().clone(), apex));
        }
        tidy(&mut entries);
        let mut zone = Self {
            soa: Set { rtype: Rtype::SOA, records: 0..0, signatures: Vec::new() },
            nodes: HashMap::new(),
            chain: Vec::new(),
            expiry: None,
            entries,
            apex,
        };
        zone.index();
        let soa = zone.node(zone.apex.as_slice().to_ascii_lowercase().as_slice());
        let soa = soa.and_then(|node| node.set(Rtype::SOA)).cloned();
        let found = zone.entries.iter().filter(|one| one.rtype() == Rtype::SOA).count();
        zone.soa = soa.filter(|_| found == 1).ok_or(ZoneError::Soa(found, zone.apex.clone()))?;
        Ok(zone)
    }

    fn index(&mut self) {
        let mut begin = 0;
        while begin < self.entries.len() {
            let (owner, rtype) = (self.entries[begin].owner(), self.entries[begin].rtype());
            let same = |one: &Entry| one.rtype() == rtype && one.owner().name_eq(owner);
            let end = begin + self.entries[begin..].iter().take_while(|one| same(one)).count();
            let set = Set { rtype, records: begin..end, signatures: Vec::new() };
            let key = owner.as_slice().to_ascii_lowercase().into_boxed_slice();
            // Names above this one exist, too, even without a record.
            let above =
                owner.iter_suffixes().skip(1).take_while(|name| name.len() > self.apex.len());
            let above: Vec<Box<[u8]>> =
                above.map(|name| name.as_slice().to_ascii_lowercase().into()).collect();
            for name in above {
                self.nodes.entry(name).or_default();
            }
            self.nodes.entry(key).or_default().sets.push(set);
            begin = end;
        }
        self.join_signatures();
        let chained = |node: &Node| node.set(Rtype::NSEC).cloned();
        self.chain = self.nodes.values().filter_map(chained).collect();
        self.chain.sort_by_key(|set| set.records.start);
    }

    fn join_signatures(&mut self) {
        for node in self.nodes.values_mut() {
            let Some(signatures) = node.set(Rtype::RRSIG).map(|set| set.records.clone()) else {
                continue;
            };
            for index in signatures {
                let ZoneRecordData::Rrsig(rrsig) = self.entries[index].data() else { continue };
                let until = rrsig.expiration().into_int();
                self.expiry = Some(self.expiry.map_or(until, |first| first.min(until)));
                let covered = rrsig.type_covered();
                if let Some(set) = node.sets.iter_mut().find(|set| set.rtype == covered) {
                    set.signatures.push(index);
                }
            }
        }
    }

    /// Its name.
    pub fn apex(&self) -> &Owner {
        &self.apex
    }

    /// Every record, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What is at a name, given in lower case as it is sent.
    pub fn node(&self, name: &[u8]) -> Option<&Node> {
        self.nodes.get(name)
    }

    /// The records of a set.
    pub fn records(&self, set: &Set) -> &[Entry] {
        &self.entries[set.records.clone()]
    }

    /// The signatures over a set.
    pub fn signatures<'z>(&'z self, set: &'z Set) -> impl Iterator<Item = &'z Entry> {
        set.signatures.iter().map(|index| &self.entries[*index])
    }

    /// The set of the SOA record.
    pub fn soa_set(&self) -> &Set {
        &self.soa
    }

    /// The SOA record.
    pub fn soa_entry(&self) -> &Entry {
        &self.entries[self.soa.records.start]
    }

    /// What the SOA record says.
    pub fn soa(&self) -> &Soa<Owner> {
        match self.soa_entry().data() {
            ZoneRecordData::Soa(soa) => soa,
            _ => unreachable!("`new` has found it by its type"),
        }
    }

    /// Its serial number.
    pub fn serial(&self) -> u32 {
        self.soa().serial().into_int()
    }

    /// When its first signature ends, in Unix time; none without signatures.
    pub fn expiry(&self) -> Option<u32> {
        self.expiry
    }

    /// The NSEC record whose gap a name that does not exist lies in.
    pub fn gap<N: ToName>(&self, name: &N) -> Option<&Set> {
        let owner = |set: &Set| self.entries[set.records.start].owner();
        let before = |set: &Set| owner(set).name_cmp(name) == Ordering::Less;
        let after = self.chain.partition_point(before);
        self.chain.get(after.checked_sub(1)?)
    }
}

impl Node {
    /// The records of one type.
    pub fn set(&self, rtype: Rtype) -> Option<&Set> {
        self.sets.iter().find(|set| set.rtype == rtype)
    }

    /// Records of any type, but not signatures.
    pub fn first(&self) -> Option<&Set> {
        self.sets.iter().find(|set| set.rtype != Rtype::RRSIG)
    }
}

/// Brings records into order, each once, and all of a set with the same TTL, as RFC 2181 asks for.
pub fn tidy(entries: &mut Vec<Entry>) {
    entries.sort_by(|one, other| one.canonical_cmp(other));
    entries.dedup_by(|one, before| one.canonical_cmp(before) == Ordering::Equal);
    for index in 1..entries.len() {
        let (before, one) = (&entries[index - 1], &entries[index]);
        let same = one.rtype() == before.rtype() && one.owner().name_eq(before.owner());
        if same && one.rtype() != Rtype::RRSIG {
            let ttl = before.ttl();
            entries[index].set_ttl(ttl);
        }
    }
}
