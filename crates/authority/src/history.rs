//! The last versions of a zone, as differences: what IXFR (RFC 1995) sends.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::sync::Arc;

use domain::base::{CanonicalOrd, Rtype};

use crate::zone::{Data, Entry, Zone};

/// A zone, and how it became what it is.
#[derive(Clone, Debug)]
pub struct History {
    /// The version that is served.
    pub zone: Arc<Zone>,
    steps: VecDeque<Arc<Step>>,
}

/// From one version to the next. SOA records stand apart from the others.
#[derive(Debug)]
pub struct Step {
    /// The SOA record before.
    pub old: Entry,
    /// What was taken away.
    pub removed: Vec<Entry>,
    /// The SOA record after.
    pub new: Entry,
    /// What was added.
    pub added: Vec<Entry>,
}

impl History {
    /// A zone without a past.
    pub fn new(zone: Zone) -> Self {
        Self { zone: Arc::new(zone), steps: VecDeque::new() }
    }

    /// The zone that follows. Steps that together are longer than the zone itself help nobody, and
    /// the oldest are forgotten.
    #[must_use]
    pub fn advance(&self, zone: Zone) -> Self {
        let mut steps = self.steps.clone();
        steps.push_back(Arc::new(Step::between(&self.zone, &zone)));
        while steps.iter().map(|step| step.len()).sum::<usize>() > zone.entries().len() {
            steps.pop_front();
        }
        Self { zone: Arc::new(zone), steps }
    }

    /// The steps from an old version to this one; none if it is not remembered.
    pub fn since(&self, serial: u32) -> Option<Vec<Arc<Step>>> {
        let from = self.steps.iter().rposition(|step| serial_of(&step.old) == Some(serial))?;
        Some(self.steps.iter().skip(from).cloned().collect())
    }
}

impl Step {
    /// Walks two sorted lists side by side.
    pub fn between(old: &Zone, new: &Zone) -> Self {
        let (mut removed, mut added) = (Vec::new(), Vec::new());
        let plain = |entry: &&Entry| entry.rtype() != Rtype::SOA;
        let mut before = old.entries().iter().filter(plain).peekable();
        let mut after = new.entries().iter().filter(plain).peekable();
        loop {
            let order = match (before.peek(), after.peek()) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(one), Some(other)) => one.canonical_cmp(*other),
            };
            let one = before.next_if(|_| order != Ordering::Greater);
            let other = after.next_if(|_| order != Ordering::Less);
            match (one, other) {
                (Some(one), Some(other)) if one.ttl() == other.ttl() => {}
                (one, other) => {
                    removed.extend(one.cloned());
                    added.extend(other.cloned());
                }
            }
        }
        Self { old: old.soa_entry().clone(), removed, new: new.soa_entry().clone(), added }
    }

    /// How many records it takes to send.
    pub fn len(&self) -> usize {
        self.removed.len() + self.added.len() + 2
    }

    /// Never: there are two SOA records.
    pub fn is_empty(&self) -> bool {
        false
    }
}

/// The serial of a SOA record.
pub fn serial_of(entry: &Entry) -> Option<u32> {
    match entry.data() {
        Data::Soa(soa) => Some(soa.serial().into_int()),
        _ => None,
    }
}
