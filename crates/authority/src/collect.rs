//! The records of a transfer, one after the other, until the last one is there.

use std::io;

use domain::base::iana::Rcode;
use domain::base::name::FlattenInto;
use domain::base::rdata::ComposeRecordData as _;
use domain::base::{CanonicalOrd, Message, Name, ParsedName, Record, Rtype};
use domain::dep::octseq::OctetsInto;
use domain::rdata::ZoneRecordData;

use crate::history::serial_of;
use crate::serial::is_newer;
use crate::zone::{Entry, Owner, Zone, ZoneError};

/// Why there is no new version.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The network.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Nobody answered in time.
    #[error("no answer in time")]
    Timeout,
    /// An error for an answer.
    #[error("the primary answers {0}")]
    Refused(Rcode),
    /// Neither the number nor the question is ours.
    #[error("an answer to somebody else's question")]
    Stranger,
    /// It cannot be read.
    #[error("an answer that cannot be read")]
    Malformed,
    /// It is not signed as agreed.
    #[error("the answer's signature: {0}")]
    Signature(String),
    /// The zone has no beginning.
    #[error("an answer without the zone's SOA record")]
    NoSoa,
    /// More than can be.
    #[error("too long")]
    TooLong,
    /// The differences are not to what we have.
    #[error("differences to another version than ours")]
    OtherVersion,
    /// The records are no zone.
    #[error(transparent)]
    Zone(#[from] ZoneError),
}

impl TransferError {
    /// Whether anybody on the way could have sent what was received.
    pub fn is_from_a_stranger(&self) -> bool {
        matches!(self, Self::Stranger | Self::Malformed | Self::Signature(_))
    }
}

/// What a transfer brought.
#[derive(Debug)]
pub enum Fetched {
    /// There is nothing newer.
    Newest,
    /// The whole zone.
    Whole(Vec<Entry>),
    /// Differences, in order.
    Steps(Vec<Difference>),
}

/// From one version to the next.
#[derive(Debug)]
pub struct Difference {
    /// What to take away, the SOA record first.
    removed: Vec<Entry>,
    /// What to add, the SOA record first.
    added: Vec<Entry>,
}

/// A record that no longer points into its message.
type Copied = Record<Name<Vec<u8>>, ZoneRecordData<Vec<u8>, Name<Vec<u8>>>>;

/// Puts a transfer together.
pub struct Collector {
    apex: Owner,
    have: Option<Entry>,
    /// How many bytes more there may be in memory.
    left: usize,
    records: Vec<Entry>,
    /// Where SOA records are in it.
    soas: Vec<usize>,
}

impl Collector {
    /// For a transfer that may take up to `bytes` in memory: compressed names are short on the way
    /// and long at the end of it. `have` is the SOA record in an IXFR request.
    pub fn new(apex: Owner, have: Option<Entry>, bytes: usize) -> Self {
        Self { apex, have, left: bytes, records: Vec::new(), soas: Vec::new() }
    }

    /// Takes another message; what it all was, once it is all there.
    ///
    /// # Errors
    /// It cannot be read, or is no transfer.
    pub fn take(&mut self, message: &Message<Vec<u8>>) -> Result<Option<Fetched>, TransferError> {
        let malformed = |_| TransferError::Malformed;
        for record in message.answer().map_err(malformed)? {
            let record = record.map_err(malformed)?;
            let record = record.into_record::<ZoneRecordData<_, ParsedName<_>>>();
            // What is no record of a zone, such as OPT, has no place among them.
            let record = record.map_err(malformed)?.ok_or(TransferError::Malformed)?;
            let record: Copied = record.flatten_into();
            self.push(record.octets_into())?;
            if self.is_complete() {
                return self.finish().map(Some);
            }
        }
        // One record alone is the whole of a message that says: you have it already.
        let newest = self.serial(0);
        let have = self.have.as_ref().and_then(serial_of);
        let nothing_newer = newest.zip(have).is_some_and(|(newest, have)| !is_newer(newest, have));
        Ok((self.records.len() == 1 && nothing_newer).then_some(Fetched::Newest))
    }

    fn push(&mut self, record: Entry) -> Result<(), TransferError> {
        let is_soa = record.rtype() == Rtype::SOA && record.owner() == &self.apex;
        if self.records.is_empty() && !is_soa {
            return Err(TransferError::NoSoa);
        }
        let data = record.data().rdlen(false).unwrap_or(u16::MAX);
        let bytes = size_of::<Entry>() + record.owner().len() + usize::from(data);
        self.left = self.left.checked_sub(bytes).ok_or(TransferError::TooLong)?;
        if is_soa {
            self.soas.push(self.records.len());
        }
        self.records.push(record);
        Ok(())
    }

    fn serial(&self, soa: usize) -> Option<u32> {
        serial_of(self.records.get(*self.soas.get(soa)?)?)
    }

    /// Whether these are differences: a SOA record follows the first at once, with another serial.
    fn is_incremental(&self) -> bool {
        self.have.is_some() && self.soas.get(1) == Some(&1) && self.serial(0) != self.serial(1)
    }

    /// The last record is the first one again. Among differences that serial also begins the last
    /// additions: there it has an even place.
    fn is_complete(&self) -> bool {
        let last = self.soas.len() - 1;
        let at_end = last > 0 && self.soas[last] + 1 == self.records.len();
        at_end && self.serial(last) == self.serial(0) && (!self.is_incremental() || last % 2 == 1)
    }

    fn finish(&mut self) -> Result<Fetched, TransferError> {
        let incremental = self.is_incremental();
        let mut records = std::mem::take(&mut self.records);
        records.pop();
        if !incremental {
            return Ok(Fetched::Whole(records));
        }
        let mut steps = Vec::new();
        for pair in self.soas[1..].windows(3).step_by(2) {
            let (removed, added) = (&records[pair[0]..pair[1]], &records[pair[1]..pair[2]]);
            steps.push(Difference { removed: removed.to_vec(), added: added.to_vec() });
        }
        Ok(Fetched::Steps(steps))
    }
}

/// `zone` with all `steps` taken.
///
/// # Errors
/// They do not begin at this version, or take away what is not there.
pub fn apply(zone: &Zone, steps: Vec<Difference>) -> Result<Zone, TransferError> {
    let mut entries = zone.entries().to_vec();
    for step in steps {
        for record in step.removed {
            let place = entries.binary_search_by(|one| one.canonical_cmp(&record));
            entries.remove(place.map_err(|_| TransferError::OtherVersion)?);
        }
        for record in step.added {
            match entries.binary_search_by(|one| one.canonical_cmp(&record)) {
                Ok(place) => entries[place] = record,
                Err(place) => entries.insert(place, record),
            }
        }
    }
    Ok(Zone::new(zone.apex().clone(), entries)?)
}

#[cfg(test)]
mod tests {
    use domain::base::{MessageBuilder, StaticCompressor, Ttl};
    use domain::rdata::{Ns, Soa};

    use super::*;

    /// A thousand records of a name as long as there is, which takes two bytes on the way; before
    /// them so many SOA records.
    fn message(soas: usize) -> Message<Vec<u8>> {
        let apex: Name<Vec<u8>> = "tale.example".parse().unwrap();
        let long = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(45)].join(".");
        let long: Name<Vec<u8>> = format!("{long}.tale.example").parse().unwrap();
        let target = StaticCompressor::new(Vec::new());
        let mut answer = MessageBuilder::from_target(target).unwrap().answer();
        let [refresh, retry, expire, minimum] = [Ttl::HOUR; 4];
        let soa = Soa::new(&apex, &apex, 1.into(), refresh, retry, expire, minimum);
        for _ in 0..soas {
            answer.push((&apex, Ttl::HOUR, &soa)).unwrap();
        }
        for _ in 0..1000 {
            answer.push((&long, Ttl::HOUR, Ns::new(&long))).unwrap();
        }
        Message::from_octets(answer.finish().into_target()).unwrap()
    }

    #[test]
    fn a_transfer_without_end_is_ended_by_what_it_takes_in_memory() {
        let (first, next) = (message(1), message(0));
        let apex = Owner::bytes_from_str("tale.example").unwrap();
        const LIMIT: usize = 1 << 20;
        let mut collector = Collector::new(apex, None, LIMIT);
        assert!(collector.take(&first).unwrap().is_none());
        let mut received = first.as_slice().len();
        let why = loop {
            match collector.take(&next) {
                Ok(found) => assert!(found.is_none()),
                Err(why) => break why,
            }
            received += next.as_slice().len();
        };
        assert!(matches!(why, TransferError::TooLong), "{why}");
        assert!(received < LIMIT / 10, "{received} bytes on the way");
        let names = collector.records.iter().map(|one| one.owner().len() * 2).sum::<usize>();
        assert!((LIMIT / 2..LIMIT).contains(&names), "{names}");
    }
}
