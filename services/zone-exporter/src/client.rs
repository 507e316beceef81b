//! One question to one server, over UDP or TCP.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use authority::asked::Asked;
use domain::base::iana::Rcode;
use domain::base::{Message, Name, Rtype};
use rocket::tokio::io::{AsyncReadExt, AsyncWriteExt};
use rocket::tokio::net::{TcpStream, UdpSocket};
use rocket::tokio::time::timeout;

use crate::finding::Failure;

/// How to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// In a packet; an answer that was cut is asked for again over TCP.
    Udp,
    /// Over a connection.
    Tcp,
}

/// Asks for one set of records, with their signatures; `spoofed` counts what answers another
/// question.
///
/// # Errors
/// There is no answer, or none that counts: see [`Failure`].
pub async fn ask(
    server: SocketAddr,
    (zone, rtype): (&Name<Vec<u8>>, Rtype),
    (transport, patience): (Transport, Duration),
    spoofed: &AtomicU64,
) -> Result<Message<Vec<u8>>, Failure> {
    let asked = Asked::as_anybody(zone, rtype).map_err(|_| Failure::Malformed)?;
    let answer = timeout(patience, async {
        if transport == Transport::Udp {
            let answer = over_udp(server, &asked, spoofed).await?;
            if !answer.header().tc() {
                return Ok(answer);
            }
        }
        over_tcp(server, &asked, spoofed).await
    });
    let answer = answer.await.map_err(|_| Failure::Timeout)??;
    match answer.header().rcode() {
        Rcode::NOERROR if answer.header().aa() => Ok(answer),
        Rcode::NOERROR => Err(Failure::NotAuthoritative),
        Rcode::REFUSED => Err(Failure::Refused),
        Rcode::SERVFAIL => Err(Failure::Servfail),
        _ => Err(Failure::Rcode),
    }
}

async fn over_udp(
    server: SocketAddr,
    asked: &Asked,
    spoofed: &AtomicU64,
) -> Result<Message<Vec<u8>>, Failure> {
    let local = if server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(local).await.map_err(unreachable)?;
    socket.connect(server).await.map_err(unreachable)?;
    socket.send(&asked.packet).await.map_err(unreachable)?;
    let mut buffer = vec![0; 4096];
    loop {
        let length = socket.recv(&mut buffer).await.map_err(unreachable)?;
        if let Ok(answer) = asked.answered_by(buffer[..length].to_vec()) {
            return Ok(answer);
        }
        spoofed.fetch_add(1, Relaxed);
    }
}

async fn over_tcp(
    server: SocketAddr,
    asked: &Asked,
    spoofed: &AtomicU64,
) -> Result<Message<Vec<u8>>, Failure> {
    let mut stream = TcpStream::connect(server).await.map_err(unreachable)?;
    let length = u16::try_from(asked.packet.len()).unwrap_or(u16::MAX).to_be_bytes();
    stream.write_all(&[&length, asked.packet.as_slice()].concat()).await.map_err(unreachable)?;
    let length = stream.read_u16().await.map_err(unreachable)?;
    let mut answer = vec![0; length.into()];
    stream.read_exact(&mut answer).await.map_err(unreachable)?;
    asked.answered_by(answer).map_err(|_| {
        spoofed.fetch_add(1, Relaxed);
        Failure::Malformed
    })
}

fn unreachable(_: io::Error) -> Failure {
    Failure::Unreachable
}
