//! Asks name servers directly: UDP, and TCP when the answer did not fit.
//!
//! The file is read for every lookup, so a change counts at once. Servers are asked in order;
//! SERVFAIL and silence pass the turn to the next one, and the list is gone through `attempts`
//! times. IPv4 is asked first, IPv6 only if there is no IPv4 address. There is no cache.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use domain::base::iana::{Class, Rcode, Rtype};
use domain::base::{Message, MessageBuilder};
use domain::rdata::{A, Aaaa};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use super::LookupError;
use super::search::{QueryName, candidates};

struct Servers {
    addresses: Vec<SocketAddr>,
    timeout: Duration,
    attempts: u32,
}

pub(super) async fn lookup(file: &Path, port: u16, host: &str) -> Result<Vec<IpAddr>, LookupError> {
    let text = std::fs::read(file)
        .map_err(|source| LookupError::Unreadable { file: file.to_owned(), source })?;
    // What cannot be understood is left out, as the C library does.
    let (mut config, _) = resolv_conf::Config::parse_with_errors(&text);
    let search: Vec<String> = config.get_last_search_or_domain().cloned().collect();
    config.glibc_normalize();
    let servers = Servers {
        addresses: config
            .nameservers
            .iter()
            .map(|server| SocketAddr::new(server.into(), port))
            .collect(),
        timeout: Duration::from_secs(config.timeout.clamp(1, 30).into()),
        attempts: config.attempts.clamp(1, 5),
    };
    if servers.addresses.is_empty() {
        return Err(LookupError::NoNameserver { file: file.to_owned() });
    }
    let names = candidates(host, &search, config.ndots.min(15) as usize)?;
    let mut why = String::new();
    for name in &names {
        for rtype in [Rtype::A, Rtype::AAAA] {
            match servers.ask(name, rtype).await {
                Ok(addresses) if !addresses.is_empty() => return Ok(addresses),
                Ok(_) => why = "no address".to_owned(),
                // No such name in either family.
                Err(Refusal::Rcode(rcode)) => {
                    why = rcode.to_string();
                    break;
                }
                // Other names would meet the same silence.
                Err(Refusal::Silence(error)) => return Err(failed(name, error)),
            }
        }
    }
    Err(failed(&names[names.len() - 1], why))
}

fn failed(name: &QueryName, why: String) -> LookupError {
    LookupError::Failed { name: name.to_string(), why }
}

enum Refusal {
    Rcode(Rcode),
    Silence(String),
}

impl Servers {
    async fn ask(&self, name: &QueryName, rtype: Rtype) -> Result<Vec<IpAddr>, Refusal> {
        let mut refusal = Refusal::Silence("no name server answered".to_owned());
        for _ in 0..self.attempts {
            for server in &self.addresses {
                match timeout(self.timeout, ask_one(*server, name, rtype)).await {
                    Err(_elapsed) => {}
                    Ok(Err(error)) => {
                        refusal = Refusal::Silence(format!("name server {server}: {error}"))
                    }
                    Ok(Ok(Reply::Addresses(addresses))) => return Ok(addresses),
                    Ok(Ok(Reply::Failed(
                        rcode @ (Rcode::SERVFAIL | Rcode::REFUSED | Rcode::NOTIMP),
                    ))) => refusal = Refusal::Rcode(rcode),
                    Ok(Ok(Reply::Failed(rcode))) => return Err(Refusal::Rcode(rcode)),
                    Ok(Ok(Reply::Truncated)) => {
                        refusal =
                            Refusal::Silence(format!("name server {server}: answer cut short"))
                    }
                }
            }
        }
        Err(refusal)
    }
}

enum Reply {
    Addresses(Vec<IpAddr>),
    Failed(Rcode),
    Truncated,
}

async fn ask_one(server: SocketAddr, name: &QueryName, rtype: Rtype) -> io::Result<Reply> {
    let query = question(name, rtype);
    match over_udp(server, &query, rtype).await? {
        Reply::Truncated => over_tcp(server, &query, rtype).await,
        reply => Ok(reply),
    }
}

fn question(name: &QueryName, rtype: Rtype) -> Message<Vec<u8>> {
    let mut builder = MessageBuilder::new_vec();
    let id = crate::random::Random::unrepeatable().next().to_le_bytes();
    builder.header_mut().set_id(u16::from_le_bytes([id[0], id[1]]));
    builder.header_mut().set_rd(true);
    let mut builder = builder.question();
    builder.push((name, rtype, Class::IN)).expect("one question of at most 271 bytes always fits");
    builder.into_message()
}

async fn over_udp(server: SocketAddr, query: &Message<Vec<u8>>, rtype: Rtype) -> io::Result<Reply> {
    let any: IpAddr =
        if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await?;
    // The kernel then drops packets from anybody else, and tells when nothing listens there.
    socket.connect(server).await?;
    socket.send(query.as_slice()).await?;
    let mut buffer = [0; 4096];
    loop {
        let length = socket.recv(&mut buffer).await?;
        // Anything that is not the answer to this question is a stray; waiting goes on.
        if let Some(reply) = read(query, &buffer[..length], rtype) {
            return Ok(reply);
        }
    }
}

async fn over_tcp(server: SocketAddr, query: &Message<Vec<u8>>, rtype: Rtype) -> io::Result<Reply> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(query.as_slice().len()).expect("a question has at most 271 bytes");
    stream.write_all(&[&length.to_be_bytes()[..], query.as_slice()].concat()).await?;
    let mut answer = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut answer).await?;
    read(query, &answer, rtype)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "malformed answer"))
}

/// What `bytes` say, if they answer the question.
fn read(query: &Message<Vec<u8>>, bytes: &[u8], rtype: Rtype) -> Option<Reply> {
    let answer = Message::from_octets(bytes).ok()?;
    if !answer.is_answer(query) {
        return None;
    }
    if answer.header().tc() {
        return Some(Reply::Truncated);
    }
    if answer.header().rcode() != Rcode::NOERROR {
        return Some(Reply::Failed(answer.header().rcode()));
    }
    // Addresses count only at the end of the chain of aliases; a circle has no end.
    let Some(owner) = answer.canonical_name() else {
        return Some(Reply::Addresses(Vec::new()));
    };
    let records = answer.answer().ok()?;
    let mut addresses = Vec::new();
    if rtype == Rtype::A {
        for record in records.limit_to_in::<A>() {
            let record = record.ok()?;
            if *record.owner() == owner {
                addresses.push(IpAddr::V4(record.data().addr()));
            }
        }
    } else {
        for record in records.limit_to_in::<Aaaa>() {
            let record = record.ok()?;
            if *record.owner() == owner {
                addresses.push(IpAddr::V6(record.data().addr()));
            }
        }
    }
    Some(Reply::Addresses(addresses))
}

#[cfg(test)]
mod tests;
