//! Types and rcodes as labels: from closed sets, whatever a packet holds.

use domain::base::Rtype;
use domain::base::iana::Rcode;

/// Types with a series of their own.
const TYPES: [(Rtype, &str); 12] = [
    (Rtype::A, "A"),
    (Rtype::AAAA, "AAAA"),
    (Rtype::NS, "NS"),
    (Rtype::SOA, "SOA"),
    (Rtype::CNAME, "CNAME"),
    (Rtype::MX, "MX"),
    (Rtype::TXT, "TXT"),
    (Rtype::DS, "DS"),
    (Rtype::DNSKEY, "DNSKEY"),
    (Rtype::NSEC, "NSEC"),
    (Rtype::AXFR, "AXFR"),
    (Rtype::IXFR, "IXFR"),
];
/// Rcodes likewise.
const RCODES: [(Rcode, &str); 7] = [
    (Rcode::NOERROR, "NOERROR"),
    (Rcode::FORMERR, "FORMERR"),
    (Rcode::SERVFAIL, "SERVFAIL"),
    (Rcode::NXDOMAIN, "NXDOMAIN"),
    (Rcode::NOTIMP, "NOTIMP"),
    (Rcode::REFUSED, "REFUSED"),
    (Rcode::NOTAUTH, "NOTAUTH"),
];
/// All others.
const OTHER: &str = "other";

/// The label for a type; a question that could not be read has none.
pub fn of_type(rtype: Option<Rtype>) -> &'static str {
    TYPES.iter().find(|(one, _)| Some(*one) == rtype).map_or(OTHER, |(_, name)| name)
}

/// The label for an rcode.
pub fn of_rcode(rcode: Rcode) -> &'static str {
    RCODES.iter().find(|(one, _)| *one == rcode).map_or(OTHER, |(_, name)| name)
}
