//! How a lookup can end: with addresses ([`Found`]), or with a failure that has two views.
//!
//! [`Cause`] is for people and logs: it carries addresses and error texts. [`Outcome`] is for
//! metrics: seven words and never more, since every new label value is a new time series for ever.

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use crate::{name::BadName, resolv_conf::ResolvConfError};

/// A lookup that found addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// At least one, in the order in which they were listed.
    pub addresses: Vec<IpAddr>,
    /// Who knew them.
    pub source: Source,
}

/// Who knew the addresses of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// Nobody had to: the name was an address.
    Literal,
    /// The hosts file.
    Hosts,
    /// The rule that `localhost` is this machine.
    Localhost,
    /// This name server.
    Dns(SocketAddr),
}

/// The seven ways a lookup can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// At least one address was found.
    Ok,
    /// The servers answered that they failed. This is what DNSChaos with `action: error` produces.
    Servfail,
    /// The servers are certain that there is no such name.
    Nxdomain,
    /// The name exists, but has no address.
    NoData,
    /// No server answered in time, or the caller stopped waiting.
    Timeout,
    /// The servers answered REFUSED, or nothing listens on their port.
    Refused,
    /// Anything else: `resolv.conf` missing or empty, a name that DNS cannot carry, an unusual
    /// answer, a socket error.
    Other,
}

impl Outcome {
    /// Every outcome, in the order of the documentation.
    pub const ALL: [Self; 7] = [
        Self::Ok,
        Self::Servfail,
        Self::Nxdomain,
        Self::NoData,
        Self::Timeout,
        Self::Refused,
        Self::Other,
    ];

    /// The outcome as a label value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Servfail => "servfail",
            Self::Nxdomain => "nxdomain",
            Self::NoData => "no_data",
            Self::Timeout => "timeout",
            Self::Refused => "refused",
            Self::Other => "other",
        }
    }
}

/// A lookup that found no address.
#[derive(Debug, thiserror::Error)]
#[error("no address for `{name}`: {cause}")]
pub struct LookupError {
    /// The name as the caller gave it, before the search list.
    pub name: String,
    /// Why, in full.
    pub cause: Cause,
}

impl LookupError {
    /// The closed outcome: never [`Outcome::Ok`].
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.cause.outcome()
    }
}

/// Why a lookup failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// The last server heard answered SERVFAIL.
    #[error("name server {0} answered SERVFAIL: it is in trouble, or a fault is being injected")]
    Servfail(SocketAddr),
    /// No such name.
    #[error(
        "there is no such name (NXDOMAIN); check the spelling and the search list in resolv.conf"
    )]
    Nxdomain,
    /// No A and no AAAA record.
    #[error("the name exists but has neither an IPv4 nor an IPv6 address")]
    NoData,
    /// Silence.
    #[error(
        "no name server answered in time; check that the nameserver lines in resolv.conf can be reached"
    )]
    Timeout,
    /// The last server heard answered REFUSED.
    #[error("name server {0} answered REFUSED: it does not serve this client or this name")]
    Refused(SocketAddr),
    /// An answer without a word about the name, from a server that does not look elsewhere.
    #[error(
        "name server {0} knows nothing about the name and does not ask others; name one that does in resolv.conf"
    )]
    Lame(SocketAddr),
    /// A response code that glibc does not act upon either.
    #[error("name server {server} answered with response code {rcode}")]
    Rcode {
        /// Who answered.
        server: SocketAddr,
        /// The code of RFC 1035 section 4.1.1, by name.
        rcode: String,
    },
    /// An answer cut short over TCP, where there is no reason to cut.
    #[error("name server {0} cut its answer short over TCP, so it cannot give the whole")]
    Truncated(SocketAddr),
    /// The records contradict themselves.
    #[error("name server {0} answered with aliases (CNAME) that lead nowhere")]
    AliasLoop(SocketAddr),
    /// A socket error instead of an answer.
    #[error("cannot talk to name server {server}: {source}")]
    Unreachable {
        /// Who was asked.
        server: SocketAddr,
        /// What the kernel said. Connection refused means that nothing listens there.
        source: io::Error,
    },
    /// `resolv.conf` cannot be used.
    #[error(transparent)]
    ResolvConf(#[from] ResolvConfError),
    /// DNS cannot carry this name.
    #[error(transparent)]
    BadName(#[from] BadName),
}

impl Cause {
    /// The outcome of this cause.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Servfail(_) => Outcome::Servfail,
            Self::Nxdomain => Outcome::Nxdomain,
            Self::NoData => Outcome::NoData,
            Self::Timeout => Outcome::Timeout,
            Self::Refused(_) => Outcome::Refused,
            Self::Unreachable { source, .. }
                if source.kind() == io::ErrorKind::ConnectionRefused =>
            {
                Outcome::Refused
            }
            Self::Lame(_)
            | Self::Rcode { .. }
            | Self::Truncated(_)
            | Self::AliasLoop(_)
            | Self::Unreachable { .. }
            | Self::ResolvConf(_)
            | Self::BadName(_) => Outcome::Other,
        }
    }

    /// The name server that the failure is about, if it is about one.
    #[must_use]
    pub fn server(&self) -> Option<SocketAddr> {
        match self {
            Self::Servfail(server)
            | Self::Refused(server)
            | Self::Lame(server)
            | Self::Rcode { server, .. }
            | Self::Truncated(server)
            | Self::AliasLoop(server)
            | Self::Unreachable { server, .. } => Some(*server),
            Self::Nxdomain
            | Self::NoData
            | Self::Timeout
            | Self::ResolvConf(_)
            | Self::BadName(_) => None,
        }
    }
}
