//! The sockets of one resolver: UDP and TCP on one address.

use std::io;
use std::net::{SocketAddr, SocketAddrV4};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

use super::answer::{self, Outcome, Transport};
use super::{CurrentFault, Zone};

/// The longest wait for upstream, and for the next question on a TCP connection.
const TIME_OUT: Duration = Duration::from_secs(2);
/// Questions under way at the same time that wait for upstream or on TCP.
const MAX_WAITING: usize = 256;
const UDP_LIMIT: usize = 4096;

#[derive(Clone)]
pub(super) struct Context {
    pub(super) zone: Zone,
    pub(super) fault: CurrentFault,
    pub(super) upstream: Option<SocketAddr>,
}

pub(super) async fn bind(address: SocketAddrV4) -> io::Result<(UdpSocket, TcpListener)> {
    Ok((UdpSocket::bind(address).await?, TcpListener::bind(address).await?))
}

pub(super) fn start((udp, tcp): (UdpSocket, TcpListener), context: Context) -> [JoinHandle<()>; 2] {
    [tokio::spawn(serve_udp(Arc::new(udp), context.clone())), tokio::spawn(serve_tcp(tcp, context))]
}

impl Context {
    fn answer(&self, query: &[u8], transport: Transport) -> Outcome {
        let zone = self.zone.read().unwrap_or_else(PoisonError::into_inner);
        let fault = self.fault.read().unwrap_or_else(PoisonError::into_inner);
        match answer::answer(query, &zone, fault.as_ref(), Instant::now(), transport) {
            Outcome::Outside if self.upstream.is_none() => answer::unknown(query),
            outcome => outcome,
        }
    }
}

async fn serve_udp(socket: Arc<UdpSocket>, context: Context) {
    let mut waiting = JoinSet::new();
    let mut buffer = vec![0; UDP_LIMIT];
    loop {
        // An error here is the echo of an earlier answer whose asker has gone.
        let Ok((length, asker)) = socket.recv_from(&mut buffer).await else {
            continue;
        };
        while waiting.try_join_next().is_some() {}
        match (context.answer(&buffer[..length], Transport::Udp), context.upstream) {
            (Outcome::Reply(reply), _) => drop(socket.send_to(&reply, asker).await),
            (Outcome::Outside, Some(upstream)) if waiting.len() < MAX_WAITING => {
                let (query, socket) = (buffer[..length].to_vec(), socket.clone());
                waiting.spawn(async move {
                    if let Some(reply) = ask(upstream, &query).await {
                        let _ = socket.send_to(&reply, asker).await;
                    }
                });
            }
            _ => {}
        }
    }
}

async fn serve_tcp(listener: TcpListener, context: Context) {
    let permits = Arc::new(Semaphore::new(MAX_WAITING));
    let mut connections = JoinSet::new();
    loop {
        let permit = permits.clone().acquire_owned().await;
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        let context = context.clone();
        connections.spawn(async move {
            let _permit = permit;
            let _ = serve_connection(stream, context).await;
        });
    }
}

async fn serve_connection(mut stream: TcpStream, context: Context) -> io::Result<()> {
    loop {
        let length = tokio::time::timeout(TIME_OUT, stream.read_u16()).await??;
        let mut query = vec![0; length.into()];
        tokio::time::timeout(TIME_OUT, stream.read_exact(&mut query)).await??;
        let reply = match (context.answer(&query, Transport::Tcp), context.upstream) {
            (Outcome::Reply(reply), _) => Some(reply),
            (Outcome::Outside, Some(upstream)) => ask(upstream, &query).await,
            _ => None,
        };
        let Some(reply) = reply else { return Ok(()) };
        stream.write_u16(u16::try_from(reply.len()).map_err(io::Error::other)?).await?;
        stream.write_all(&reply).await?;
    }
}

/// Upstream's answer; SERVFAIL when there is none in time.
async fn ask(upstream: SocketAddr, query: &[u8]) -> Option<Vec<u8>> {
    let exchange = async {
        let local = if upstream.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(local).await?;
        socket.connect(upstream).await?;
        socket.send(query).await?;
        let mut reply = vec![0; UDP_LIMIT];
        let length = socket.recv(&mut reply).await?;
        reply.truncate(length);
        io::Result::Ok(reply)
    };
    match tokio::time::timeout(TIME_OUT, exchange).await {
        Ok(Ok(reply)) if reply.get(..2) == query.get(..2) => Some(reply),
        _ => match answer::failed(query) {
            Outcome::Reply(reply) => Some(reply),
            _ => None,
        },
    }
}
