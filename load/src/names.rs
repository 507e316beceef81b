//! From host name to addresses, anew for every connection: a name that moves, or stops resolving,
//! must be noticed.
//!
//! Where `RESOLV_CONF` or `RESOLV_PORT` is set, its name servers are asked directly (see [`stub`]);
//! else the system's resolver decides, with everything that belongs to it, such as `/etc/hosts`.

mod search;
mod stub;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// The host and port of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// A name, or an address without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// Who is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resolver {
    /// Nobody: the URL holds an address.
    Literal(IpAddr),
    /// The C library, in a thread of its own.
    System,
    /// The name servers of this file, on this port.
    Stub { resolv_conf: PathBuf, port: u16 },
}

/// A name that did not resolve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookupError {
    #[error("{0}")]
    System(std::io::Error),
    #[error("{0} has no address")]
    Empty(String),
    #[error("cannot read {file}: {source}; restore it, or point RESOLV_CONF at another file", file = file.display())]
    Unreadable { file: PathBuf, source: std::io::Error },
    #[error("{file} names no name server; add a line `nameserver <IP address>`", file = file.display())]
    NoNameserver { file: PathBuf },
    #[error("`{0}` is no host name")]
    BadName(String),
    #[error("{name}: {why}")]
    Failed { name: String, why: String },
}

impl Resolver {
    /// Chooses by the host and by `RESOLV_CONF` and `RESOLV_PORT` as given.
    pub(crate) fn new(target: &Target, resolv_conf: Option<PathBuf>, port: Option<u16>) -> Self {
        if let Ok(address) = target.host.parse() {
            return Self::Literal(address);
        }
        if resolv_conf.is_none() && port.is_none() {
            return Self::System;
        }
        Self::Stub {
            resolv_conf: resolv_conf.unwrap_or_else(|| PathBuf::from("/etc/resolv.conf")),
            port: port.unwrap_or(53),
        }
    }

    /// At least one address, in the order in which to try them.
    pub(crate) async fn lookup(&self, target: &Target) -> Result<Vec<SocketAddr>, LookupError> {
        let addresses = match self {
            Self::Literal(address) => vec![*address],
            Self::System => {
                let found = tokio::net::lookup_host((target.host.as_str(), target.port))
                    .await
                    .map_err(LookupError::System)?;
                found.map(|address| address.ip()).collect()
            }
            Self::Stub { resolv_conf, port } => {
                stub::lookup(resolv_conf, *port, &target.host).await?
            }
        };
        if addresses.is_empty() {
            return Err(LookupError::Empty(target.host.clone()));
        }
        Ok(addresses.into_iter().map(|address| SocketAddr::new(address, target.port)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(host: &str) -> Target {
        Target { host: host.to_owned(), port: 80 }
    }

    #[test]
    fn the_resolver_follows_the_host_and_the_environment() {
        let file = || Some(PathBuf::from("/tmp/resolv.conf"));
        assert_eq!(
            Resolver::new(&target("127.0.0.1"), file(), None),
            Resolver::Literal([127, 0, 0, 1].into())
        );
        assert_eq!(Resolver::new(&target("shop"), None, None), Resolver::System);
        let stub = |path: &str, port| Resolver::Stub { resolv_conf: path.into(), port };
        assert_eq!(Resolver::new(&target("shop"), file(), None), stub("/tmp/resolv.conf", 53));
        assert_eq!(
            Resolver::new(&target("shop"), None, Some(5353)),
            stub("/etc/resolv.conf", 5353)
        );
    }

    #[tokio::test]
    async fn an_address_needs_no_resolver_and_localhost_is_known_to_the_system() {
        let literal = target("::1");
        assert_eq!(
            Resolver::new(&literal, None, None).lookup(&literal).await.unwrap(),
            ["[::1]:80".parse().unwrap()]
        );
        let found = Resolver::System.lookup(&target("localhost")).await.unwrap();
        assert!(found.iter().all(|address| address.ip().is_loopback()));
    }
}
