//! A DNS server that answers by script and remembers what it was asked, over UDP and TCP on one
//! port of the loopback interface.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use domain::base::iana::Rcode;
use domain::base::{Message, MessageBuilder, Name, Rtype, ToName, Ttl};
use domain::rdata::{A, Aaaa, Cname};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;

/// How a question came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// In a packet.
    Udp,
    /// Over a connection.
    Tcp,
}

/// A question as it was received.
#[derive(Clone, Debug)]
pub struct Query {
    /// The name with its trailing dot, in the case in which it was sent.
    pub name: String,
    /// A or AAAA.
    pub rtype: Rtype,
    /// How it came in.
    pub transport: Transport,
    /// Did it announce EDNS?
    pub edns: bool,
    /// The identification number.
    pub id: u16,
    /// Who asked.
    pub from: SocketAddr,
    /// How many questions came before this one.
    pub index: usize,
    message: Message<Vec<u8>>,
}

/// What to answer.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Those of the addresses that fit the question; success without answers if none does.
    Addresses(Vec<IpAddr>),
    /// Each name is an alias of the next; the last one has these addresses.
    Aliases(Vec<String>, Vec<IpAddr>),
    /// This response code.
    Rcode(Rcode),
    /// Success without a word, by a server that neither owns the name nor asks others.
    Referral,
    /// An empty answer with the TC bit: "ask over TCP".
    Truncated,
    /// These packets, as they are.
    Packets(Vec<Vec<u8>>),
    /// Nothing.
    Silence,
}

impl Reply {
    /// One address.
    pub fn address(text: &str) -> Self {
        Self::Addresses(vec![text.parse().unwrap()])
    }
}

impl Query {
    /// The packet that `reply` stands for; scripts change it to make bad packets.
    pub fn packet(&self, reply: &Reply) -> Vec<u8> {
        let (rcode, aliases, addresses): (_, &[String], &[IpAddr]) = match reply {
            Reply::Addresses(addresses) => (Rcode::NOERROR, &[], addresses),
            Reply::Aliases(aliases, addresses) => (Rcode::NOERROR, aliases, addresses),
            Reply::Rcode(rcode) => (*rcode, &[], &[]),
            Reply::Truncated | Reply::Referral | Reply::Packets(_) | Reply::Silence => {
                (Rcode::NOERROR, &[], &[])
            }
        };
        let mut builder = MessageBuilder::new_vec();
        // "Recursion available": asks other servers for what it does not know itself.
        builder.header_mut().set_ra(!matches!(reply, Reply::Referral));
        builder.header_mut().set_tc(matches!(reply, Reply::Truncated));
        let mut builder = builder.start_answer(&self.message, rcode).unwrap();
        let ttl = Ttl::from_secs(10);
        let mut owner: Name<Vec<u8>> = self.name.parse().unwrap();
        for alias in aliases {
            let target: Name<Vec<u8>> = alias.parse().unwrap();
            builder.push((&owner, ttl, Cname::new(&target))).unwrap();
            owner = target;
        }
        for address in addresses {
            match (address, self.rtype) {
                (IpAddr::V4(v4), Rtype::A) => builder.push((&owner, ttl, A::new(*v4))).unwrap(),
                (IpAddr::V6(v6), Rtype::AAAA) => {
                    builder.push((&owner, ttl, Aaaa::new(*v6))).unwrap()
                }
                _ => {}
            }
        }
        builder.finish()
    }

    fn packets(&self, reply: Reply) -> Vec<Vec<u8>> {
        match reply {
            Reply::Silence => Vec::new(),
            Reply::Packets(packets) => packets,
            reply => vec![self.packet(&reply)],
        }
    }
}

struct Shared {
    script: Box<dyn Fn(&Query) -> Reply + Send + Sync>,
    seen: Mutex<Vec<Query>>,
}

impl Shared {
    fn answer(&self, bytes: &[u8], transport: Transport, from: SocketAddr) -> Vec<Vec<u8>> {
        let Ok(message) = Message::from_octets(bytes.to_vec()) else {
            return Vec::new();
        };
        let Some(question) = message.first_question() else {
            return Vec::new();
        };
        let mut seen = self.seen.lock().unwrap();
        let query = Query {
            name: question.qname().fmt_with_dot().to_string(),
            rtype: question.qtype(),
            transport,
            edns: message.opt().is_some(),
            id: message.header().id(),
            from,
            index: seen.len(),
            message: message.clone(),
        };
        seen.push(query.clone());
        drop(seen);
        query.packets((self.script)(&query))
    }
}

/// The server; it stops when dropped.
pub struct DnsServer {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

impl DnsServer {
    /// Starts on 127.0.0.1 and a free port.
    pub async fn start(script: impl Fn(&Query) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_on("127.0.0.1", 0, script).await
    }

    /// Starts on an address of your choice, so that several servers can share a port.
    pub async fn start_on(
        ip: &str,
        port: u16,
        script: impl Fn(&Query) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let (udp, tcp) = bind(ip, port).await;
        let address = udp.local_addr().unwrap();
        let shared = Arc::new(Shared { script: Box::new(script), seen: Mutex::default() });
        let mut tasks = JoinSet::new();
        tasks.spawn(serve_udp(udp, Arc::clone(&shared)));
        tasks.spawn(serve_tcp(tcp, Arc::clone(&shared)));
        Self { address, shared, _tasks: tasks }
    }

    /// The port of its address.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// A `resolv.conf` line for this server.
    pub fn nameserver(&self) -> String {
        format!("nameserver {}\n", self.address.ip())
    }

    /// All questions so far.
    pub fn seen(&self) -> Vec<Query> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// All questions so far as `name. TYPE`.
    pub fn questions(&self) -> Vec<String> {
        self.seen().iter().map(|query| format!("{} {}", query.name, query.rtype)).collect()
    }
}

/// The same port for both: take a free one for UDP, and start over should TCP have it in use.
async fn bind(ip: &str, port: u16) -> (UdpSocket, TcpListener) {
    for _ in 0..20 {
        let udp = UdpSocket::bind((ip, port)).await.unwrap();
        let address = udp.local_addr().unwrap();
        if let Ok(tcp) = TcpListener::bind(address).await {
            return (udp, tcp);
        }
    }
    panic!("no port is free for both UDP and TCP");
}

async fn serve_udp(socket: UdpSocket, shared: Arc<Shared>) {
    let mut buffer = [0; 4096];
    loop {
        // A client that closed its socket early shows as an error of the next receive; the server
        // goes on.
        let Ok((length, from)) = socket.recv_from(&mut buffer).await else {
            continue;
        };
        for packet in shared.answer(&buffer[..length], Transport::Udp, from) {
            let _ = socket.send_to(&packet, from).await;
        }
    }
}

async fn serve_tcp(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, from)) = accepted else { continue };
                connections.spawn(serve_connection(stream, from, Arc::clone(&shared)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve_connection(mut stream: TcpStream, from: SocketAddr, shared: Arc<Shared>) {
    while let Ok(length) = stream.read_u16().await {
        let mut question = vec![0; usize::from(length)];
        if stream.read_exact(&mut question).await.is_err() {
            return;
        }
        for packet in shared.answer(&question, Transport::Tcp, from) {
            let length = u16::try_from(packet.len()).unwrap().to_be_bytes();
            if stream.write_all(&[&length, packet.as_slice()].concat()).await.is_err() {
                return;
            }
        }
    }
}
