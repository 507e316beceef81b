//! Whose pulls they are: an account's, or those of an address, and of everybody behind it.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// Who pulls.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// An IPv4 address, or an IPv6 network: a host has not one address of it but 2^64. Behind an
    /// address may be a household, an office, or a cloud.
    Address(IpAddr),
    /// Somebody who has said who he is.
    Account {
        /// Who.
        name: String,
        /// Pulls in a window; none: as many as he likes.
        limit: Option<u64>,
    },
}

impl Source {
    /// Of an address.
    pub fn of(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
            address => address,
        })
    }

    /// Of an account.
    pub fn account(name: &str, limit: Option<u64>) -> Self {
        Self::Account { name: name.to_owned(), limit }
    }

    /// Pulls in a window, where those who are not known have this limit.
    pub(crate) fn limit(&self, unknown: Option<u64>) -> Option<u64> {
        match self {
            Self::Address(_) => unknown,
            Self::Account { limit, .. } => *limit,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Account { name, .. } => f.write_str(name),
        }
    }
}
