//! A zone on its way from the primary: asked for, checked, put together.
//!
//! *Lesson: whoever answers may be somebody else*, see `asked.rs` in `authority`. What is no answer
//! is counted and forgotten, and the waiting goes on.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use authority::asked::{self, Asked};
use authority::collect::{Collector, Fetched, TransferError};
use authority::metrics::Metrics;
use authority::refused::Refused;
use authority::zone::{Entry, Owner};
use domain::base::Rtype;
use domain::base::message_builder::PushError;
use domain::tsig::Key;
use rocket::tokio::io::{AsyncReadExt, AsyncWriteExt};
use rocket::tokio::net::{TcpStream, UdpSocket};
use rocket::tokio::time::timeout;

/// For an answer over UDP, a connection, and each message of a transfer.
const PATIENCE: Duration = Duration::from_secs(2);
/// For a whole transfer.
const TRANSFER: Duration = Duration::from_secs(120);
/// What a transfer may take in memory: more than any zone that is kept like this.
const ZONE_MAX: usize = 512 << 20;

/// A server that has the zone.
pub struct Primary<'p> {
    /// Its address.
    pub server: SocketAddr,
    /// The zone.
    pub apex: &'p Owner,
    /// What to sign with.
    pub key: Option<&'p Arc<Key>>,
    /// Where strangers are counted.
    pub metrics: &'p Metrics,
}

impl Primary<'_> {
    /// Which serial it has.
    ///
    /// # Errors
    /// No answer, or an error for one.
    pub async fn serial(&self) -> Result<u32, TransferError> {
        let asked = Asked::as_server(self.apex, Rtype::SOA, None, self.key).map_err(long)?;
        let local = if self.server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(local).await?;
        socket.connect(self.server).await?;
        socket.send(&asked.packet).await?;
        let answer = timeout(PATIENCE, async {
            let mut buffer = vec![0; 4096];
            loop {
                let length = socket.recv(&mut buffer).await?;
                match asked.checked(buffer[..length].to_vec(), &mut asked.signer()) {
                    Err(why) if why.is_from_a_stranger() => self.metrics.refused(Refused::Spoofed),
                    checked => return checked,
                }
            }
        });
        let answer = answer.await.map_err(|_| TransferError::Timeout)??;
        if !answer.header().aa() {
            return Err(TransferError::NoSoa); // it has lost the zone itself
        }
        asked::serial(&answer)?.ok_or(TransferError::NoSoa)
    }

    /// The zone, or what has changed since `have`.
    ///
    /// # Errors
    /// It cannot be had, or does not add up.
    pub async fn fetch(&self, have: Option<&Entry>) -> Result<Fetched, TransferError> {
        let fetched = timeout(TRANSFER, self.fetch_slowly(have)).await;
        fetched.map_err(|_| TransferError::Timeout)?
    }

    async fn fetch_slowly(&self, have: Option<&Entry>) -> Result<Fetched, TransferError> {
        let rtype = if have.is_some() { Rtype::IXFR } else { Rtype::AXFR };
        let asked = Asked::as_server(self.apex, rtype, have, self.key).map_err(long)?;
        let mut signer = asked.signer();
        let stream = timeout(PATIENCE, TcpStream::connect(self.server)).await;
        let mut stream = stream.map_err(|_| TransferError::Timeout)??;
        let length = u16::try_from(asked.packet.len()).unwrap_or(u16::MAX).to_be_bytes();
        stream.write_all(&[&length, asked.packet.as_slice()].concat()).await?;
        let mut collector = Collector::new(self.apex.clone(), have.cloned(), ZONE_MAX);
        loop {
            let message = timeout(PATIENCE, async {
                let mut message = vec![0; stream.read_u16().await?.into()];
                stream.read_exact(&mut message).await.map(|_| message)
            });
            let message = message.await.map_err(|_| TransferError::Timeout)??;
            let message = asked.checked(message, &mut signer).inspect_err(|why| {
                if why.is_from_a_stranger() {
                    self.metrics.refused(Refused::Spoofed);
                }
            })?;
            if let Some(fetched) = collector.take(&message)? {
                if let Some(signer) = signer {
                    signer.done().map_err(|why| TransferError::Signature(why.to_string()))?;
                }
                return Ok(fetched);
            }
        }
    }
}

fn long(_: PushError) -> TransferError {
    TransferError::TooLong
}
