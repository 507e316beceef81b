//! What one server says about one zone, and what can be concluded from it.
//!
//! *Lesson: not every serial is a time, and an age has two sides.* A serial of the form YYYYMMDDnn,
//! taken for Unix time, is always of the far future, and always healthy; so it is a state of its
//! own, and has no age. A serial that is Unix time may be of the future, too: then its age is
//! negative, and a rule that only looks for "too old" is content.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, RwLock};

use domain::base::{Rtype, Serial};

/// What was found last, until the next round.
pub type Latest = Arc<RwLock<Vec<Finding>>>;

/// An answer to one probe.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The zone.
    pub zone: String,
    /// The server: its name as it was given, and its address if the name has several.
    pub server: String,
    /// Where it is; none if its name was not found.
    pub address: Option<SocketAddr>,
    /// Over UDP, and over TCP: the serial, or why there is none.
    pub serials: [Result<u32, Failure>; 2],
    /// When signatures end, by the type of the records below them.
    pub expiries: BTreeMap<Rtype, u32>,
    /// Whether the SOA record is signed at all; none if it was not seen.
    pub signed: Option<Signed>,
    /// Answers to other questions: from somebody else, perhaps.
    pub spoofed: u64,
    /// Seconds since 1970, when it was asked.
    pub at: u32,
}

/// Whether there is a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// There is.
    Yes,
    /// There is none: not a number, a state.
    No,
}

/// How a serial is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Unix time, within five years of now.
    Unixtime,
    /// YYYYMMDDnn.
    Date,
    /// A counter, or half around the circle on the way to another format.
    Other,
}

/// Why there was no serial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The server's name does not resolve.
    NotFound,
    /// Nobody answered in time.
    Timeout,
    /// Nobody listens, or there is no way there.
    Unreachable,
    /// REFUSED: not its zone, or not for us.
    Refused,
    /// SERVFAIL: its zone, but lost, or expired.
    Servfail,
    /// Another rcode.
    Rcode,
    /// An answer that is not the zone's own server's.
    NotAuthoritative,
    /// An answer without a SOA record.
    NoSoa,
    /// What came back cannot be read.
    Malformed,
}

impl Failure {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::NotFound,
        Self::Timeout,
        Self::Unreachable,
        Self::Refused,
        Self::Servfail,
        Self::Rcode,
        Self::NotAuthoritative,
        Self::NoSoa,
        Self::Malformed,
    ];

    /// As a label.
    pub fn label(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::Servfail => "servfail",
            Self::Rcode => "rcode",
            Self::NotAuthoritative => "not_authoritative",
            Self::NoSoa => "no_soa",
            Self::Malformed => "malformed",
        }
    }
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Unixtime, Self::Date, Self::Other];

    /// As a label.
    pub fn label(self) -> &'static str {
        match self {
            Self::Unixtime => "unixtime",
            Self::Date => "date",
            Self::Other => "other",
        }
    }

    /// What a serial looks like. Until March 2034 the two cannot be confused: read as a date, Unix
    /// time is of the eighteenth or nineteenth century.
    pub fn of(serial: u32, now: u32) -> Self {
        const FIVE_YEARS: u32 = 5 * 366 * 86_400;
        let (year, month, day) = (serial / 1_000_000, serial / 10_000 % 100, serial / 100 % 100);
        if (1990..2100).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day) {
            Self::Date
        } else if serial.abs_diff(now) < FIVE_YEARS {
            Self::Unixtime
        } else {
            Self::Other
        }
    }
}

impl Finding {
    /// The serial, from whichever transport had it.
    pub fn serial(&self) -> Option<u32> {
        self.serials.iter().find_map(|serial| serial.as_ref().ok().copied())
    }

    /// Seconds since the serial was now; less than none if it is of the future.
    pub fn age(&self) -> Option<i64> {
        let serial = self.serial()?;
        let unixtime = Format::of(serial, self.at) == Format::Unixtime;
        unixtime.then(|| i64::from(self.at) - i64::from(serial))
    }
}

/// The newest serial of each zone (RFC 1982): what the others are measured by.
pub fn newest(findings: &[Finding]) -> BTreeMap<&str, u32> {
    let mut newest = BTreeMap::new();
    for finding in findings {
        let Some(serial) = finding.serial() else { continue };
        let best = newest.entry(finding.zone.as_str()).or_insert(serial);
        if Serial(serial) > Serial(*best) {
            *best = serial;
        }
    }
    newest
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u32 = 1_795_977_000;

    #[test]
    fn a_date_is_no_time_and_a_counter_neither() {
        for (serial, format) in [
            (NOW, Format::Unixtime),
            (NOW - 86_400 * 365, Format::Unixtime),
            (NOW + 86_400 * 365, Format::Unixtime),
            (2_026_112_901, Format::Date),
            (2_026_132_901, Format::Other),
            (42, Format::Other),
            (0, Format::Other),
            (NOW.wrapping_add(1 << 31), Format::Other),
        ] {
            assert_eq!(Format::of(serial, NOW), format, "{serial}");
        }
    }

    #[test]
    fn an_age_has_two_sides() {
        let finding = |serial| Finding {
            zone: "a".to_owned(),
            server: "b".to_owned(),
            address: None,
            serials: [Err(Failure::Timeout), Ok(serial)],
            expiries: BTreeMap::new(),
            signed: None,
            spoofed: 0,
            at: NOW,
        };
        assert_eq!(finding(NOW - 60).age(), Some(60));
        assert_eq!(finding(NOW + 60).age(), Some(-60));
        assert_eq!(finding(2_026_112_901).age(), None);
        let all = [finding(u32::MAX), finding(5), finding(u32::MAX - 1)];
        assert_eq!(newest(&all)["a"], 5, "around the circle");
    }
}
