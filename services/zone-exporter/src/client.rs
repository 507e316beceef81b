//! One question to one server, over UDP or TCP.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use domain::base::iana::Rcode;
use domain::base::{Message, MessageBuilder, Name, Rtype};
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

/// Asks for one set of records, with their signatures.
///
/// # Errors
/// There is no answer, or none that counts: see [`Failure`].
pub async fn ask(
    server: SocketAddr,
    question: (&Name<Vec<u8>>, Rtype),
    transport: Transport,
    patience: Duration,
) -> Result<Message<Vec<u8>>, Failure> {
    let (id, packet) = compose(question).ok_or(Failure::Malformed)?;
    let answered = |bytes: &[u8]| is_answer(bytes, id, question);
    let answer = timeout(patience, async {
        if transport == Transport::Udp {
            let answer = over_udp(server, &packet, &answered).await?;
            if !answer.header().tc() {
                return Ok(answer);
            }
        }
        over_tcp(server, &packet, &answered).await
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

fn compose((zone, rtype): (&Name<Vec<u8>>, Rtype)) -> Option<(u16, Vec<u8>)> {
    let mut builder = MessageBuilder::new_vec();
    let id = rand::random();
    builder.header_mut().set_id(id);
    let mut question = builder.question();
    question.push((zone, rtype)).ok()?;
    let mut additional = question.additional();
    let opt = additional.opt(|opt| {
        opt.set_udp_payload_size(1232);
        opt.set_dnssec_ok(true);
        Ok(())
    });
    opt.ok()?;
    Some((id, additional.finish()))
}

/// The message, if it answers this question: anybody may have sent it.
fn is_answer(
    bytes: &[u8],
    id: u16,
    (zone, rtype): (&Name<Vec<u8>>, Rtype),
) -> Option<Message<Vec<u8>>> {
    let message = Message::from_octets(bytes.to_vec()).ok()?;
    if !message.header().qr() || message.header().id() != id {
        return None;
    }
    // A server that could not read the question may leave it out.
    let asked = message.first_question();
    let ours = asked.is_none_or(|asked| asked.qname() == zone && asked.qtype() == rtype);
    ours.then_some(message)
}

type Answered<'a> = &'a (dyn Fn(&[u8]) -> Option<Message<Vec<u8>>> + Sync);

async fn over_udp(
    server: SocketAddr,
    packet: &[u8],
    answered: Answered<'_>,
) -> Result<Message<Vec<u8>>, Failure> {
    let local = if server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(local).await.map_err(unreachable)?;
    socket.connect(server).await.map_err(unreachable)?;
    socket.send(packet).await.map_err(unreachable)?;
    let mut buffer = vec![0; 4096];
    loop {
        let length = socket.recv(&mut buffer).await.map_err(unreachable)?;
        if let Some(answer) = answered(&buffer[..length]) {
            return Ok(answer);
        }
    }
}

async fn over_tcp(
    server: SocketAddr,
    packet: &[u8],
    answered: Answered<'_>,
) -> Result<Message<Vec<u8>>, Failure> {
    let mut stream = TcpStream::connect(server).await.map_err(unreachable)?;
    let length = u16::try_from(packet.len()).unwrap_or(u16::MAX).to_be_bytes();
    stream.write_all(&[&length, packet].concat()).await.map_err(unreachable)?;
    let length = stream.read_u16().await.map_err(unreachable)?;
    let mut answer = vec![0; length.into()];
    stream.read_exact(&mut answer).await.map_err(unreachable)?;
    answered(&answer).ok_or(Failure::Malformed)
}

fn unreachable(_: io::Error) -> Failure {
    Failure::Unreachable
}
