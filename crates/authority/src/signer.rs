//! DNSSEC: a signature for every set of records, and an NSEC record for every gap between names.
//!
//! *Lesson: signatures end.* A zone that nobody touches has to be signed again all the time, or it
//! becomes bogus, while each of its servers goes on answering. A change signs what has changed; the
//! signer's own run renews what would end soon, and only that run looks whether its policy can work
//! at all. Next: the service's `primary.rs`, for when either happens.

use std::cmp::Ordering;

use domain::base::{Record, Rtype, Ttl};
use domain::dnssec::sign::denial::nsec::{GenerateNsecConfig, generate_nsecs};
use domain::dnssec::sign::records::{OwnerRrs, RecordsIter, Rrset};
use domain::dnssec::sign::signatures::rrsigs::sign_sorted_rrset_in;
use domain::rdata::ZoneRecordData;
use domain::rdata::dnssec::Timestamp;

use crate::key::Key;
use crate::policy::{Policy, PolicyError};
use crate::zone::{Data, Entry, Zone, ZoneError, tidy};

/// Signatures begin in the past, for those whose clocks are late. So their beginning says nothing
/// about when they were made.
const EARLIER: u32 = 3600;

/// Which signatures are made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renew {
    /// Those over records that have changed.
    Changed,
    /// Also those that end soon: the signer's own run, which begins with a look at its policy.
    Due,
}

/// Why a zone was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The policy cannot work for this zone.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The records are no zone.
    #[error(transparent)]
    Zone(#[from] ZoneError),
    /// What the library says.
    #[error("{0}")]
    Library(String),
}

/// Signs zones.
#[derive(Debug)]
pub struct Signer {
    key: Key,
}

impl Signer {
    /// With one key for all: zone and keys (a "combined signing key").
    pub fn new(key: Key) -> Self {
        Self { key }
    }

    /// The key.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Signs `records`, with the signatures of `before` where these will do.
    ///
    /// # Errors
    /// The policy cannot work, or the records are no zone.
    pub fn sign(
        &self,
        mut records: Vec<Entry>,
        before: Option<&Zone>,
        (renew, policy, now): (Renew, &Policy, u32),
    ) -> Result<Zone, SignError> {
        let apex = self.key.zone().clone();
        if renew == Renew::Due {
            policy.check(records.iter().map(|record| record.ttl()).max().unwrap_or(Ttl::ZERO))?;
        }
        let ttl = records.iter().find(|record| record.rtype() == Rtype::SOA).map(Record::ttl);
        records.push(self.key.record(ttl.unwrap_or(Ttl::HOUR)));
        tidy(&mut records);
        let config = GenerateNsecConfig::new().without_assuming_dnskeys_will_be_added();
        let chain = generate_nsecs(&apex, RecordsIter::new_from_owned(&records), &config);
        let chain = chain.map_err(|why| SignError::Library(why.to_string()))?;
        records.extend(chain.into_iter().map(|one| {
            Record::new(one.owner().clone(), one.class(), one.ttl(), one.into_data().into())
        }));
        tidy(&mut records);

        let mut run = Run { signer: self, before, renew, policy, now, made: Vec::new() };
        let mut cut = None;
        for owner in RecordsIter::new_from_owned(&records) {
            // Below a delegation nothing is signed: it belongs to somebody else.
            if cut.as_ref().is_some_and(|cut| owner.owner().ends_with(cut)) {
                continue;
            }
            cut = owner.is_zone_cut(&apex).then(|| owner.owner().clone());
            run.name(&owner, cut.is_some())?;
        }
        let made = run.made;
        records.extend(made);
        Ok(Zone::new(apex, records)?)
    }
}

/// One run over a zone.
struct Run<'r> {
    signer: &'r Signer,
    before: Option<&'r Zone>,
    renew: Renew,
    policy: &'r Policy,
    now: u32,
    made: Vec<Entry>,
}

impl Run<'_> {
    fn name(
        &mut self,
        owner: &OwnerRrs<'_, crate::zone::Owner, Data>,
        cut: bool,
    ) -> Result<(), SignError> {
        for set in owner.rrsets() {
            // Of a delegation, only what the parent says about it.
            if cut && set.rtype() != Rtype::DS && set.rtype() != Rtype::NSEC {
                continue;
            }
            match self.still_good(&set) {
                Some(signature) => self.made.push(signature),
                None => self.sign(&set)?,
            }
        }
        Ok(())
    }

    /// The signature of before, if it covers the same and lasts.
    fn still_good(&self, set: &Rrset<'_, crate::zone::Owner, Data>) -> Option<Entry> {
        let before = self.before?;
        let name = set.owner().as_slice().to_ascii_lowercase();
        let old = before.node(&name)?.set(set.rtype())?;
        let same =
            |(one, other): (&Entry, &Entry)| one.ttl() == other.ttl() && one.data() == other.data();
        let records = before.records(old);
        if records.len() != set.len() || !set.iter().zip(records).all(same) {
            return None;
        }
        let soon = match self.renew {
            Renew::Changed => self.now,
            Renew::Due => self.now.saturating_add(self.policy.refresh_seconds),
        };
        let lasts = |signature: &&Entry| match signature.data() {
            ZoneRecordData::Rrsig(rrsig) => {
                rrsig.key_tag() == self.signer.key.tag()
                    && Timestamp::from(soon).canonical_before(rrsig.expiration())
            }
            _ => false,
        };
        before.signatures(old).find(lasts).cloned()
    }

    fn sign(&mut self, set: &Rrset<'_, crate::zone::Owner, Data>) -> Result<(), SignError> {
        let begin = Timestamp::from(self.now.wrapping_sub(EARLIER));
        let end = Timestamp::from(self.now.wrapping_add(self.policy.lifetime_seconds));
        let key = self.signer.key.signing();
        let made = sign_sorted_rrset_in(key, set, begin, end, &mut Vec::new());
        let made = made.map_err(|why| SignError::Library(why.to_string()))?;
        let (owner, class, ttl) = (made.owner().clone(), made.class(), made.ttl());
        self.made.push(Record::new(owner, class, ttl, made.into_data().into()));
        Ok(())
    }
}

/// Times in signatures are on the same circle as serials (RFC 4034, section 3.1.5).
trait Before {
    fn canonical_before(self, other: Self) -> bool;
}

impl Before for Timestamp {
    fn canonical_before(self, other: Self) -> bool {
        self.partial_cmp(&other) == Some(Ordering::Less)
    }
}
