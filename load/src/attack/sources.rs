//! From which addresses the clients come.
//!
//! A TCP connection is four numbers, two of which are the server's. One client address has about
//! 28,000 ports for one server; on the loopback there are 16 million addresses more.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    sync::atomic::{AtomicU32, Ordering},
};

use tokio::net::{TcpSocket, TcpStream};

/// More than any run can use up.
const MOST: u32 = 1000;

/// From which addresses the clients come.
#[derive(Debug)]
pub(crate) struct Sources {
    /// How many take turns.
    many: u32,
    /// Addresses whose ports are used up, or nearly so.
    used_up: AtomicU32,
    turn: AtomicU32,
}

impl Sources {
    pub(crate) fn new(many: u32) -> Self {
        Self { many, used_up: AtomicU32::new(0), turn: AtomicU32::new(0) }
    }

    /// Opens a connection, from the next address.
    pub(crate) async fn connect(
        &self,
        to: SocketAddr,
        receive_buffer: Option<u32>,
    ) -> io::Result<TcpStream> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.many;
        loop {
            let used_up = self.used_up.load(Ordering::Relaxed);
            match connect(to, source(to, used_up + turn), receive_buffer).await {
                Err(why) if is_out_of_ports(&why) && is_local(to) && used_up < MOST => {
                    // Of many that find out at the same time, one moves on.
                    let next = used_up + 1;
                    let (order, failed) = (Ordering::Relaxed, Ordering::Relaxed);
                    let _ = self.used_up.compare_exchange(used_up, next, order, failed);
                }
                other => return other,
            }
        }
    }
}

async fn connect(
    to: SocketAddr,
    from: Option<Ipv4Addr>,
    receive_buffer: Option<u32>,
) -> io::Result<TcpStream> {
    let socket = if to.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    if let Some(bytes) = receive_buffer {
        // Before connecting: the window is announced with the first packet.
        socket.set_recv_buffer_size(bytes)?;
    }
    if let Some(from) = from {
        socket.bind(SocketAddrV4::new(from, 0).into())?;
    }
    socket.connect(to).await
}

/// Address number `number`; the first is the kernel's choice, the others begin at 127.0.0.2.
fn source(to: SocketAddr, number: u32) -> Option<Ipv4Addr> {
    let first = u32::from(Ipv4Addr::LOCALHOST);
    (number > 0 && is_local(to)).then(|| Ipv4Addr::from(first + number))
}

fn is_local(to: SocketAddr) -> bool {
    to.is_ipv4() && to.ip().is_loopback()
}

/// No port is left at this address: `connect` and `bind` have a word each for it.
pub(crate) fn is_out_of_ports(why: &io::Error) -> bool {
    matches!(why.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::AddrInUse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_clients_of_this_machine_come_from_other_addresses() {
        let here = "127.1.2.3:80".parse().unwrap();
        assert_eq!(source(here, 0), None);
        assert_eq!(source(here, 1), Some(Ipv4Addr::new(127, 0, 0, 2)));
        assert_eq!(source(here, 299), Some(Ipv4Addr::new(127, 0, 1, 44)));
        for elsewhere in ["10.0.0.1:80", "[::1]:80"] {
            assert_eq!(source(elsewhere.parse().unwrap(), 5), None, "{elsewhere}");
        }
    }
}
