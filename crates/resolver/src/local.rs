//! The names that never reach DNS: addresses, the hosts file, and `localhost`, in this order.
//!
//! `localhost` and everything below it is this machine (RFC 6761 section 6.3). A name server must
//! not be asked: it may not know, and it might say something else. The hosts file has the first
//! word, as in glibc, where the rest is done by the module `myhostname`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::{
    hosts::Hosts,
    name, numeric,
    outcome::{Found, Source},
};

/// What is known about `name` without DNS.
pub(crate) fn find(name: &str, hosts: &Hosts) -> Option<Found> {
    if let Some(address) = numeric::address(name) {
        return Some(Found { addresses: vec![address], source: Source::Literal });
    }
    if let Some(addresses) = hosts.find(name) {
        return Some(Found { addresses, source: Source::Hosts });
    }
    is_localhost(name).then(|| Found {
        addresses: vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)],
        source: Source::Localhost,
    })
}

fn is_localhost(name: &str) -> bool {
    let last_label = name.strip_suffix('.').unwrap_or(name).rsplit('.').next();
    last_label.is_some_and(|label| label.eq_ignore_ascii_case("localhost"))
        && name::complete(name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localhost_is_every_name_that_ends_with_it() {
        for name in ["localhost", "LocalHost.", "app.localhost", "a.b.LOCALHOST."] {
            assert!(is_localhost(name), "{name}");
        }
        for name in ["", ".", "localhost..", ".localhost", "a..localhost", "ü.localhost"] {
            assert!(!is_localhost(name), "{name}");
        }
        for name in
            ["localhost.shop", "mylocalhost", "localhos", "localhost4", "localhost.localdomain"]
        {
            assert!(!is_localhost(name), "{name}");
        }
    }
}
