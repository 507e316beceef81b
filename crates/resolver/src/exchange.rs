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
    collections::HashMap,
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
    let mut questions = HashMap::new();
    let mut answered = None;
    let mut silent = None;
    let mut unreachable = None;
    for server in settings.turns(first) {
        let question = questions.entry(server).or_insert_with(|| {
            let query = Query::new(name, rtype, settings.edns);
            Question { server, query, tcp_only: settings.tcp_only, socket: None }
        });
        // Over UDP and, if need be, TCP: both within one time-out, so that the promise of the worst
        // case holds.
        match timeout(settings.timeout, question.ask()).await {
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

/// A question to one server, in all rounds.
struct Question {
    server: SocketAddr,
    query: Query,
    tcp_only: bool,
    /// Kept from round to round: a slow server's answer to the first attempt may come during the
    /// second. (glibc does the same.)
    socket: Option<UdpSocket>,
}

impl Question {
    /// Waits for ever if the server is silent, so the caller sets the time-out.
    async fn ask(&mut self) -> io::Result<Reply> {
        match self.send().await? {
            // A server from before 1999 does not know what EDNS is; a later one may not know ours.
            Reply::Failed(OptRcode::FORMERR | OptRcode::BADVERS) if self.query.has_edns() => {
                self.query = self.query.without_edns();
                self.send().await
            }
            reply => Ok(reply),
        }
    }

    async fn send(&mut self) -> io::Result<Reply> {
        if self.tcp_only {
            return self.over_tcp().await;
        }
        match self.over_udp().await {
            Ok(Reply::Truncated) => self.over_tcp().await,
            Ok(reply) => Ok(reply),
            Err(error) => {
                self.socket = None; // the next attempt gets a new one
                Err(error)
            }
        }
    }

    async fn over_udp(&mut self) -> io::Result<Reply> {
        let socket = match &mut self.socket {
            Some(socket) => socket,
            none => none.insert(open(self.server).await?),
        };
        socket.send(self.query.as_bytes()).await?;
        let mut buffer = [0; MAX_UDP_BYTES];
        loop {
            let length = socket.recv(&mut buffer).await?;
            if let Some(reply) = self.query.reply_in(&buffer[..length]) {
                return Ok(reply);
            }
            // A stray or forged packet. Giving up here would let anybody stop our lookups with one
            // bad packet.
        }
    }

    /// Over TCP each message follows its length as two bytes (RFC 1035 section 4.2.2), so 64 KiB is
    /// the most we can be sent.
    async fn over_tcp(&self) -> io::Result<Reply> {
        let query = self.query.as_bytes();
        let mut stream = TcpStream::connect(self.server).await?;
        let length = u16::try_from(query.len()).expect("a question has at most 282 bytes");
        stream.write_all(&[&length.to_be_bytes()[..], query].concat()).await?;
        let mut answer = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut answer).await?;
        // On a connection of our own there are no strays: whatever does not fit is the server's
        // mistake.
        let malformed = || io::Error::new(io::ErrorKind::InvalidData, "malformed answer over TCP");
        self.query.reply_in(&answer).ok_or_else(malformed)
    }
}

/// A new socket for each question and server: port 0 lets the kernel pick a port that a forger does
/// not know.
async fn open(server: SocketAddr) -> io::Result<UdpSocket> {
    let any: IpAddr =
        if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await?;
    // After `connect` the kernel drops packets from anybody else, and says when nothing listens
    // there.
    socket.connect(server).await?;
    Ok(socket)
}
