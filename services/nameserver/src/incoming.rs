//! A zone on its way from the primary: asked for, checked, put together.
//!
//! *Lesson: whoever answers may be somebody else.* An answer counts if it comes from the address
//! that was asked, with the number of the question and the question itself, and if there is a key,
//! signed with it. Everything else is counted and forgotten, and the waiting goes on.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::base::iana::Rcode;
use domain::base::{Message, MessageBuilder, Rtype};
use domain::rdata::Soa;
use domain::rdata::tsig::Time48;
use domain::tsig::{ClientSequence, Key};
use rocket::tokio::io::{AsyncReadExt, AsyncWriteExt};
use rocket::tokio::net::{TcpStream, UdpSocket};
use rocket::tokio::time::timeout;

use crate::collect::{Collector, Fetched, TransferError};
use crate::metrics::Metrics;
use crate::refused::Refused;
use crate::zone::{Entry, Owner};

/// For an answer over UDP, a connection, and each message of a transfer.
const PATIENCE: Duration = Duration::from_secs(2);
/// For a whole transfer.
const TRANSFER: Duration = Duration::from_secs(120);
/// Records in a transfer: more than any zone that is kept in memory like this.
const RECORDS_MAX: usize = 5_000_000;

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

type Signer = Option<ClientSequence<Arc<Key>>>;

impl Primary<'_> {
    /// Which serial it has.
    ///
    /// # Errors
    /// No answer, or an error for one.
    pub async fn serial(&self) -> Result<u32, TransferError> {
        let (id, question, signer) = self.question(Rtype::SOA, None)?;
        let local = if self.server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(local).await?;
        socket.connect(self.server).await?;
        socket.send(&question).await?;
        let answer = timeout(PATIENCE, async {
            let mut buffer = vec![0; 4096];
            loop {
                let length = socket.recv(&mut buffer).await?;
                match self.check(buffer[..length].to_vec(), id, &mut signer.clone()) {
                    Err(why) if why.is_from_a_stranger() => self.metrics.refused(Refused::Spoofed),
                    checked => return checked,
                }
            }
        });
        let answer = answer.await.map_err(|_| TransferError::Timeout)??;
        let soa = answer.answer().ok().and_then(|answer| answer.limit_to::<Soa<_>>().next());
        let soa = soa.and_then(Result::ok).ok_or(TransferError::NoSoa)?;
        if !answer.header().aa() {
            return Err(TransferError::NoSoa); // it has lost the zone itself
        }
        Ok(soa.data().serial().into_int())
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
        let (id, question, mut signer) = self.question(rtype, have)?;
        let stream = timeout(PATIENCE, TcpStream::connect(self.server)).await;
        let mut stream = stream.map_err(|_| TransferError::Timeout)??;
        let length = u16::try_from(question.len()).unwrap_or(u16::MAX).to_be_bytes();
        stream.write_all(&[&length, question.as_slice()].concat()).await?;
        let mut collector = Collector::new(self.apex.clone(), have.cloned(), RECORDS_MAX);
        loop {
            let message = timeout(PATIENCE, async {
                let mut message = vec![0; stream.read_u16().await?.into()];
                stream.read_exact(&mut message).await.map(|_| message)
            });
            let message = message.await.map_err(|_| TransferError::Timeout)??;
            let message = self.check(message, id, &mut signer)?;
            if let Some(fetched) = collector.take(&message)? {
                if let Some(signer) = signer {
                    signer.done().map_err(|why| TransferError::Signature(why.to_string()))?;
                }
                return Ok(fetched);
            }
        }
    }

    /// A question, its number, and what has to check the answer.
    fn question(
        &self,
        rtype: Rtype,
        have: Option<&Entry>,
    ) -> Result<(u16, Vec<u8>, Signer), TransferError> {
        let mut builder = MessageBuilder::new_vec();
        let id = rand::random();
        builder.header_mut().set_id(id);
        let mut question = builder.question();
        let long = |_| TransferError::TooLong;
        question.push((self.apex, rtype)).map_err(long)?;
        let mut authority = question.authority();
        if let Some(have) = have {
            authority.push(have).map_err(long)?;
        }
        let mut additional = authority.additional();
        let sign = |key: &Arc<Key>| {
            ClientSequence::request(key.clone(), &mut additional, Time48::now()).map_err(long)
        };
        let signer = self.key.map(sign).transpose()?;
        Ok((id, additional.finish(), signer))
    }

    /// A message, if it answers our question and is signed as it should be.
    fn check(
        &self,
        bytes: Vec<u8>,
        id: u16,
        signer: &mut Signer,
    ) -> Result<Message<Vec<u8>>, TransferError> {
        let mut message = Message::from_octets(bytes).map_err(|_| TransferError::Malformed)?;
        let header = message.header();
        // Later messages of a transfer may leave out the question.
        let asked = message.first_question();
        let ours = asked.is_none_or(|asked| asked.qname() == self.apex);
        if !header.qr() || header.id() != id || !ours {
            return Err(TransferError::Stranger);
        }
        if let Some(signer) = signer {
            let checked = signer.answer(&mut message, Time48::now());
            checked.map_err(|why| TransferError::Signature(why.to_string()))?;
        }
        match message.header().rcode() {
            Rcode::NOERROR => Ok(message),
            rcode => Err(TransferError::Refused(rcode)),
        }
    }
}
