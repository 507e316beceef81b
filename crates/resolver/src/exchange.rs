//! Asking one question: which server, how often, over UDP or TCP.
//!
//! Servers are asked one after the other, never at once. A server that is silent, unreachable, lame
//! or in trouble (SERVFAIL, REFUSED, NOTIMP) passes the turn to the next one, and after the last
//! the whole round is repeated, `attempts` times in all. So one server that answers SERVFAIL is
//! asked `attempts` times per name. That is glibc's rule (`resolv/res_send.c`), and the reason why
//! a failing DNS server gets *more* traffic than a healthy one.
//!
//! After an answer that was cut, only the server that cut it is asked over TCP. (glibc stays with
//! TCP for the servers after it.)

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use domain::base::iana::{OptRcode, Rtype};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    time::timeout,
};

use crate::{
    message::{Query, Reply},
    name::QueryName,
    outcome::{Cause, Found, Source},
    settings::Settings,
};

/// Without EDNS a server may send 512 bytes at most, with it what we announce. More room costs
/// nothing and forgives servers that do not count.
const MAX_UDP_BYTES: usize = 4096;

/// Asks the servers, beginning with number `first`, for the addresses of `name`.
///
/// When all turns are used up, the failure reported is that of the last server that said anything;
/// silence is reported only when nobody spoke, and a socket error only when there was not even
/// silence.
pub(crate) async fn ask(
    settings: &Settings,
    first: usize,
    name: &QueryName,
    rtype: Rtype,
) -> Result<Found, Cause> {
    let mut answered = None;
    let mut silent = None;
    let mut unreachable = None;
    for server in settings.turns(first) {
        // Over UDP and, if need be, TCP: both within one time-out, so that the promise of the worst
        // case holds.
        match timeout(settings.timeout, ask_server(settings, server, name, rtype)).await {
            Err(_elapsed) => silent = Some(Cause::Timeout),
            Ok(Err(source)) => unreachable = Some(Cause::Unreachable { server, source }),
            Ok(Ok(reply)) => match judge(server, reply) {
                Judgement::Final(result) => return result,
                Judgement::NextServer(cause) => answered = Some(cause),
            },
        }
    }
    Err(answered.or(silent).or(unreachable).unwrap_or(Cause::Timeout))
}

enum Judgement {
    Final(Result<Found, Cause>),
    NextServer(Cause),
}

fn judge(server: SocketAddr, reply: Reply) -> Judgement {
    use Judgement::{Final, NextServer};
    let rcode = match reply {
        Reply::Addresses(addresses) => {
            return Final(Ok(Found { addresses, source: Source::Dns(server) }));
        }
        Reply::NoData => return Final(Err(Cause::NoData)),
        Reply::AliasLoop => return Final(Err(Cause::AliasLoop(server))),
        Reply::Lame => return NextServer(Cause::Lame(server)),
        Reply::Truncated => return NextServer(Cause::Truncated(server)),
        Reply::Failed(rcode) => rcode,
    };
    match rcode {
        OptRcode::NXDOMAIN => Final(Err(Cause::Nxdomain)),
        OptRcode::SERVFAIL => NextServer(Cause::Servfail(server)),
        OptRcode::REFUSED => NextServer(Cause::Refused(server)),
        OptRcode::NOTIMP => NextServer(Cause::Rcode { server, rcode: rcode.to_string() }),
        _ => Final(Err(Cause::Rcode { server, rcode: rcode.to_string() })),
    }
}

/// One question to one server; waits for ever if the server is silent, so the caller sets the
/// time-out.
async fn ask_server(
    settings: &Settings,
    server: SocketAddr,
    name: &QueryName,
    rtype: Rtype,
) -> io::Result<Reply> {
    let reply = send(settings, server, &Query::new(name, rtype, settings.edns)).await?;
    match reply {
        // A server from before 1999 does not know what EDNS is; one that does may not know ours.
        Reply::Failed(OptRcode::FORMERR | OptRcode::BADVERS) if settings.edns => {
            send(settings, server, &Query::new(name, rtype, false)).await
        }
        reply => Ok(reply),
    }
}

async fn send(settings: &Settings, server: SocketAddr, query: &Query) -> io::Result<Reply> {
    if settings.tcp_only {
        return over_tcp(server, query).await;
    }
    match over_udp(server, query).await? {
        Reply::Truncated => over_tcp(server, query).await,
        reply => Ok(reply),
    }
}

async fn over_udp(server: SocketAddr, query: &Query) -> io::Result<Reply> {
    let any: IpAddr =
        if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    // A new socket for each question: port 0 lets the kernel pick a port that a forger does not
    // know.
    let socket = UdpSocket::bind((any, 0)).await?;
    // After `connect` the kernel drops packets from anybody else, and tells us when nothing listens
    // there.
    socket.connect(server).await?;
    socket.send(query.as_bytes()).await?;
    let mut buffer = [0; MAX_UDP_BYTES];
    loop {
        let length = socket.recv(&mut buffer).await?;
        if let Some(reply) = query.reply_in(&buffer[..length]) {
            return Ok(reply);
        }
        // A stray or forged packet. Giving up here would let anybody stop our lookups with one bad
        // packet.
    }
}

/// Over TCP each message follows its length as two bytes (RFC 1035 section 4.2.2), so 64 KiB is the
/// most we can be sent.
async fn over_tcp(server: SocketAddr, query: &Query) -> io::Result<Reply> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(query.as_bytes().len()).expect("a question has at most 282 bytes");
    let mut packet = length.to_be_bytes().to_vec();
    packet.extend_from_slice(query.as_bytes());
    stream.write_all(&packet).await?;
    let mut answer = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut answer).await?;
    // On a connection of our own there are no strays: whatever does not fit is the server's
    // mistake.
    query
        .reply_in(&answer)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "malformed answer over TCP"))
}
