//! DNSChaos: names that match get a failure or a wrong address.

use serde::{Deserialize, Serialize};

use crate::fields::patterns::Patterns;

/// What a question that matches is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DnsAction {
    /// SERVFAIL, whatever the type.
    Error,
    /// A random IPv4 or a constant IPv6 address with a TTL of 10 s; SERVFAIL for other types.
    Random,
}

/// The fault as a stage carries it out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DnsFault {
    /// What a question that matches is answered with.
    pub action: DnsAction,
    /// Which questions match.
    pub patterns: Patterns,
}
