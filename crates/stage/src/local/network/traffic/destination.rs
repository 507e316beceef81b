//! Whom a network fault is about: addresses, blocks of addresses, each perhaps with a port.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Addresses `network`/`bits`, on one port or on all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    pub(crate) network: Ipv4Addr,
    /// 0..=32.
    pub(crate) bits: u8,
    pub(crate) port: Option<u16>,
}

impl Destination {
    /// One address, all ports.
    pub(crate) fn host(ip: Ipv4Addr) -> Self {
        Self { network: ip, bits: 32, port: None }
    }

    /// Reads an address, a CIDR block or a name, each with an optional `:port`; `resolve` knows
    /// names. `None` when it is none of these.
    pub(crate) fn parse(text: &str, resolve: impl Fn(&str) -> Vec<Ipv4Addr>) -> Option<Vec<Self>> {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (text, None),
        };
        let (host, bits) = match host.split_once('/') {
            Some((host, bits)) => (host, bits.parse().ok().filter(|bits| *bits <= 32)?),
            None => (host, 32),
        };
        let addresses = match host.parse() {
            Ok(ip) => vec![ip],
            Err(_) if bits == 32 => resolve(host),
            Err(_) => Vec::new(),
        };
        let all = addresses.into_iter().map(|network| Self { network, bits, port });
        Some(all.collect()).filter(|all: &Vec<Self>| !all.is_empty())
    }

    /// Whether a packet for `socket` is for this destination.
    pub(crate) fn includes(&self, socket: SocketAddr) -> bool {
        let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
        let same = |ip: Ipv4Addr| u32::from(ip) & mask;
        same(ipv4(socket)) == same(self.network)
            && self.port.is_none_or(|port| port == socket.port())
    }
}

/// Everything on this stage has an IPv4 address.
pub(crate) fn ipv4(socket: SocketAddr) -> Ipv4Addr {
    match socket.ip() {
        IpAddr::V4(ip) => ip,
        IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(text: &str, socket: &str) -> bool {
        let known = |name: &str| match name {
            "shop" => vec![Ipv4Addr::new(127, 1, 200, 1)],
            _ => Vec::new(),
        };
        let all = Destination::parse(text, known).unwrap();
        all.iter().any(|d| d.includes(socket.parse().unwrap()))
    }

    #[test]
    fn addresses_blocks_names_and_ports_are_told_apart() {
        for (text, socket, expected) in [
            ("127.1.1.1", "127.1.1.1:80", true),
            ("127.1.1.1", "127.1.1.2:80", false),
            ("127.1.1.1:80", "127.1.1.1:81", false),
            ("127.1.0.0/16", "127.1.9.9:1", true),
            ("127.1.0.0/16", "127.2.0.1:1", false),
            ("0.0.0.0/0:53", "127.9.9.9:53", true),
            ("shop", "127.1.200.1:8000", true),
            ("shop:8001", "127.1.200.1:8000", false),
        ] {
            assert_eq!(hits(text, socket), expected, "{text} and {socket}");
        }
        for wrong in ["nobody", "127.1.0.0/33", "shop/8", "shop:x", ""] {
            let found = Destination::parse(wrong, |_| Vec::new());
            assert_eq!(found, None, "{wrong}");
        }
    }
}
