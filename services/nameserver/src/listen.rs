//! The sockets: UDP on threads of its own, TCP with limits on everything.
//!
//! *Lesson: each way in has its own way to be flooded.* A packet costs one answer and no memory. A
//! connection costs memory for as long as its client likes, so that their number is limited, and
//! the time that each may be silent. Next: `desk.rs` in `authority`, which both hand
//! their messages to.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use authority::desk::{Desk, Reply, Transport};
use authority::refused::Refused;
use rocket::tokio::io::{AsyncReadExt, AsyncWriteExt};
use rocket::tokio::net::TcpStream;
use rocket::tokio::task::JoinSet;
use rocket::tokio::time::{sleep, timeout};
use rocket::tokio::{self, select};

/// TCP connections at once.
const CONNECTIONS_MAX: usize = 128;
/// The same from one address, so that no client holds all of them (RFC 7766, section 6.2.3).
const CONNECTIONS_PER_ADDRESS: usize = 64;
/// How long a connection may be silent between two questions (RFC 7766, section 6.2.3).
const IDLE: Duration = Duration::from_secs(10);
/// How long a message may take to arrive, or to leave.
const MESSAGE: Duration = Duration::from_secs(5);
/// How often a thread looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(200);

/// Sockets on one port, not served yet.
pub struct Sockets {
    /// Where they listen.
    pub address: SocketAddr,
    udp: UdpSocket,
    tcp: TcpListener,
}

impl Sockets {
    /// Opens them; port 0 is any that is free for both.
    ///
    /// # Errors
    /// The port is taken, or needs privileges.
    pub fn bind(address: IpAddr, port: u16) -> io::Result<Self> {
        let mut attempts = if port == 0 { 20 } else { 1 };
        loop {
            let tcp = TcpListener::bind((address, port))?;
            let address = tcp.local_addr()?;
            attempts -= 1;
            match UdpSocket::bind(address) {
                Ok(udp) => {
                    tcp.set_nonblocking(true)?;
                    udp.set_read_timeout(Some(LOOK))?;
                    return Ok(Self { address, udp, tcp });
                }
                Err(why) if attempts == 0 => return Err(why),
                Err(_) => {}
            }
        }
    }

    /// Serves until the future is dropped.
    pub async fn serve(self, desk: Arc<Desk>, workers: usize) {
        let wanted = Arc::new(Wanted);
        for number in 0..workers {
            let Ok(udp) = self.udp.try_clone() else { continue };
            let (desk, wanted) = (desk.clone(), Arc::downgrade(&wanted));
            let worker = std::thread::Builder::new().name(format!("dns-udp-{number}"));
            let started = worker.spawn(move || {
                while wanted.strong_count() > 0 {
                    // A message that makes a worker panic costs that message, not the worker.
                    let answered = catch_unwind(AssertUnwindSafe(|| answer_packet(&udp, &desk)));
                    if answered.is_err() {
                        desk.metrics.refused(Refused::Panicked);
                    }
                }
            });
            if let Err(why) = started {
                tracing::error!(%why, "no thread for UDP");
            }
        }
        match tokio::net::TcpListener::from_std(self.tcp) {
            Ok(tcp) => serve_tcp(tcp, desk).await,
            Err(why) => tracing::error!(%why, "cannot listen on TCP"),
        }
        drop(wanted);
    }
}

/// Lives as long as somebody serves.
struct Wanted;

fn answer_packet(udp: &UdpSocket, desk: &Desk) {
    let mut buffer = [0; 4096];
    // An error is a time-out, or a client that closed its socket before an earlier answer.
    let Ok((length, from)) = udp.recv_from(&mut buffer) else { return };
    if let Reply::Message(message) = desk.handle(&buffer[..length], from.ip(), Transport::Udp) {
        let _ = udp.send_to(&message, from);
    }
}

async fn serve_tcp(listener: tokio::net::TcpListener, desk: Arc<Desk>) {
    let mut connections = JoinSet::new();
    let open = ByAddress::default();
    loop {
        desk.metrics.connections.set(connections.len().try_into().unwrap_or(i64::MAX));
        select! {
            accepted = listener.accept() => match accepted {
                Ok(_) if connections.len() >= CONNECTIONS_MAX => {
                    desk.metrics.refused(Refused::Connection);
                }
                Ok((stream, from)) => match open.one_more(from.ip()) {
                    Some(counted) => {
                        let desk = desk.clone();
                        connections.spawn(async move {
                            let _ = serve_connection(stream, from.ip(), &desk).await;
                            drop(counted);
                        });
                    }
                    None => desk.metrics.refused(Refused::Connection),
                },
                Err(why) => {
                    // Out of descriptors, usually; the connections that are open go on.
                    tracing::warn!(%why, "cannot accept");
                    sleep(LOOK).await;
                }
            },
            Some(ended) = connections.join_next() => {
                if ended.is_err_and(|why| why.is_panic()) {
                    desk.metrics.refused(Refused::Panicked);
                }
            }
        }
    }
}

/// How many connections are open, by address.
#[derive(Clone, Default)]
struct ByAddress(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One of them, for as long as it lives.
struct Counted {
    address: IpAddr,
    all: ByAddress,
}

impl ByAddress {
    /// Counts one more, unless there are enough.
    fn one_more(&self, address: IpAddr) -> Option<Counted> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if *count >= CONNECTIONS_PER_ADDRESS {
            return None;
        }
        *count += 1;
        Some(Counted { address, all: self.clone() })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut count) = open.entry(self.address) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

async fn serve_connection(mut stream: TcpStream, from: IpAddr, desk: &Desk) -> io::Result<()> {
    loop {
        let length = timeout(IDLE, stream.read_u16()).await??;
        let mut message = vec![0; length.into()];
        timeout(MESSAGE, stream.read_exact(&mut message)).await??;
        match desk.handle(&message, from, Transport::Tcp) {
            Reply::Silence => return Ok(()),
            Reply::Message(reply) => send(&mut stream, &reply).await?,
            Reply::Transfer(transfer) => {
                let kind = transfer.kind.label();
                let sent = send_all(&mut stream, *transfer).await;
                desk.metrics.transferred("out", kind, sent.as_ref().map(drop).map_err(drop));
                sent?;
            }
        }
    }
}

async fn send_all(
    stream: &mut TcpStream,
    messages: impl Iterator<Item = Vec<u8>>,
) -> io::Result<()> {
    for message in messages {
        send(stream, &message).await?;
    }
    Ok(())
}

async fn send(stream: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    let length = u16::try_from(message.len()).map_err(io::Error::other)?.to_be_bytes();
    // In one piece: a length that arrives alone makes some clients wait.
    timeout(MESSAGE, stream.write_all(&[&length, message].concat())).await?
}
