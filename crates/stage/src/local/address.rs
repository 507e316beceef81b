//! Loopback addresses: each stage claims one network 127.N.0.0/16, so that several run at once and
//! every pod can listen on the same ports as in Kubernetes.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use crate::StageError;

/// Above the ephemeral range, so that no outgoing connection can hold it.
const CLAIM_PORT: u16 = 61_998;

/// The longest wait for a connection to this very process.
const REACHED: Duration = Duration::from_secs(2);

/// A claimed network of loopback. The claim is a listening socket: the kernel closes it however the
/// process ends.
pub(crate) struct LoopbackNetwork {
    second: u8,
    _claim: TcpListener,
}

impl LoopbackNetwork {
    /// The first free network.
    pub(crate) fn claim() -> Result<Self, StageError> {
        for second in 1..=254 {
            let address = (Ipv4Addr::new(127, second, 255, 254), CLAIM_PORT);
            match TcpListener::bind(address) {
                Ok(claim) => {
                    reached(claim.local_addr())?;
                    return Ok(Self { second, _claim: claim });
                }
                // Not taken: there is no such address, and the next one is none either.
                Err(why) if why.kind() == ErrorKind::AddrNotAvailable => {
                    return Err(StageError::NoLoopback(why));
                }
                Err(_) => {}
            }
        }
        Err(StageError::NoNetwork)
    }

    /// An address that nobody listens on.
    pub(crate) fn spare(&self) -> Ipv4Addr {
        self.at(250, 99)
    }

    pub(crate) fn name(&self) -> String {
        format!("127.{}.0.0/16", self.second)
    }

    pub(crate) fn dns(&self) -> Ipv4Addr {
        self.at(250, 53)
    }

    pub(crate) fn prometheus(&self) -> Ipv4Addr {
        self.at(250, 90)
    }

    pub(crate) fn alertmanager(&self) -> Ipv4Addr {
        self.at(250, 93)
    }

    pub(crate) fn inbox(&self) -> Ipv4Addr {
        self.at(250, 94)
    }

    pub(crate) fn prober(&self) -> Ipv4Addr {
        self.at(250, 95)
    }

    /// Addresses for pods.
    pub(crate) fn pods(&self) -> Pool {
        Pool::new("pod", self.second, 1, 99)
    }

    /// Addresses for Services.
    pub(crate) fn services(&self) -> Pool {
        Pool::new("Service", self.second, 200, 239)
    }

    fn at(&self, third: u8, fourth: u8) -> Ipv4Addr {
        Ipv4Addr::new(127, self.second, third, fourth)
    }
}

/// Whether what listens here can be reached at all: without the loopback interface, each wait for
/// an answer would last to its end.
fn reached(address: std::io::Result<SocketAddr>) -> Result<(), StageError> {
    let reached = address.and_then(|address| TcpStream::connect_timeout(&address, REACHED));
    reached.map(drop).map_err(StageError::NoLoopback)
}

/// The resolver that a pod is sent to while its lookups are under a fault. One address per pod,
/// because on loopback a server cannot tell its clients apart by their own addresses, only by the
/// address that they asked.
pub(crate) fn chaos_dns(pod: Ipv4Addr) -> Ipv4Addr {
    let [a, b, c, d] = pod.octets();
    Ipv4Addr::new(a, b, c + 100, d)
}

/// Addresses for one purpose. A freed address is reused as late as possible, so that an old client
/// does not meet a new pod.
pub(crate) struct Pool {
    /// What has such an address, for messages.
    purpose: &'static str,
    second: u8,
    first_third: u8,
    size: u16,
    next: u16,
    used: HashSet<Ipv4Addr>,
}

impl Pool {
    fn new(purpose: &'static str, second: u8, first_third: u8, last_third: u8) -> Self {
        let size = u16::from(last_third - first_third + 1) * 254;
        Self { purpose, second, first_third, size, next: 0, used: HashSet::new() }
    }

    pub(crate) fn take(&mut self) -> Result<Ipv4Addr, StageError> {
        for _ in 0..self.size {
            let n = self.next;
            self.next = (n + 1) % self.size;
            let third = self.first_third + u8::try_from(n / 254).expect("size is below 256 * 254");
            let fourth = 1 + u8::try_from(n % 254).expect("a remainder of 254");
            let address = Ipv4Addr::new(127, self.second, third, fourth);
            if self.used.insert(address) {
                return Ok(address);
            }
        }
        Err(StageError::NoAddress(self.purpose))
    }

    pub(crate) fn free(&mut self, address: Ipv4Addr) {
        self.used.remove(&address);
    }
}

/// `preferred` if it is free on `address`, else the next free TCP and UDP port from 15353 on (below
/// the ephemeral range). Another program that listens on 0.0.0.0 takes a port away from every
/// loopback address.
pub(crate) fn free_port(address: Ipv4Addr, preferred: u16) -> Option<u16> {
    let free = |port: &u16| {
        TcpListener::bind((address, *port)).is_ok() && UdpSocket::bind((address, *port)).is_ok()
    };
    std::iter::once(preferred).chain(15_353..16_353).find(free)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_claims_at_once_get_different_networks() {
        let networks = [(); 2].map(|()| LoopbackNetwork::claim().unwrap());
        assert_ne!(networks[0].name(), networks[1].name());
    }

    #[test]
    fn a_freed_address_is_not_given_out_next() {
        let mut pool = Pool::new("pod", 9, 1, 1);
        let first = pool.take().unwrap();
        pool.free(first);
        assert_ne!(pool.take().unwrap(), first);
        let rest: HashSet<_> = (0..253).map(|_| pool.take().unwrap()).collect();
        assert!(rest.contains(&first));
        assert!(matches!(pool.take(), Err(StageError::NoAddress("pod"))));
    }

    #[test]
    fn no_chaos_resolver_shares_an_address_with_a_pod_or_a_service() {
        let mut pods = Pool::new("pod", 9, 1, 99);
        let thirds: HashSet<u8> =
            (0..99 * 254).map(|_| chaos_dns(pods.take().unwrap()).octets()[2]).collect();
        assert!(thirds.iter().all(|third| (101..=199).contains(third)));
    }
}
