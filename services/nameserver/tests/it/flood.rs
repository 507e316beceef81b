//! The program under a flood of messages that nobody should send: it counts them, goes on, and
//! needs no more memory afterwards than before.

use std::net::UdpSocket;
use std::path::Path;
use std::time::Duration;

use domain::base::{Message, Rtype};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use testkit::program::Running;
use testkit::wait::eventually;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::support::{KEY, free_port, question};

/// Between two questions that are answered, so that the kernel has no reason to drop one.
const AT_ONCE: usize = 32;
const SEED: u64 = 15;
/// In bytes: less than four for each message of the flood.
const GROWTH: f64 = 65_536.0;
/// How many of each can be a label, "other" among them.
const TRANSPORTS: usize = 2;
const TYPES: usize = 13;
const RCODES: usize = 8;

struct Server {
    dns: u16,
    admin: u16,
    process: Running,
}

impl Server {
    async fn start() -> Self {
        let [dns, http, admin] = [free_port(), free_port(), free_port()];
        let mut command = Command::new(env!("CARGO_BIN_EXE_nameserver"));
        command.env_clear().env("TSIG_KEYS", KEY).env("DNS_PORT", dns.to_string());
        command.env("ROCKET_PORT", http.to_string()).env("ADMIN_PORT", admin.to_string());
        let server = Self { dns, admin, process: Running::start(&mut command) };
        eventually("an answer", async || server.asked_well(&udp()).then_some(())).await;
        server
    }

    /// Whether a good question is answered; what else arrives is left aside.
    fn asked_well(&self, socket: &UdpSocket) -> bool {
        let asked = question("www.tale.example", Rtype::A, Some((1232, true)));
        if socket.send_to(&asked, ("127.0.0.1", self.dns)).is_err() {
            return false;
        }
        let mut buffer = [0; 4096];
        while let Ok((length, _)) = socket.recv_from(&mut buffer) {
            let answer = Message::from_octets(&buffer[..length]).unwrap();
            if answer.header().id() == 4711 && answer.header_counts().ancount() == 2 {
                return true;
            }
        }
        false
    }

    /// Sends `count` packets, and asks well in between.
    fn flood(&self, odd: &mut Odd, count: usize) {
        let (strangers, socket) = (udp(), udp());
        strangers.set_nonblocking(true).unwrap();
        for number in 0..count {
            strangers.send_to(&odd.message(), ("127.0.0.1", self.dns)).unwrap();
            if number % AT_ONCE == 0 {
                while strangers.recv(&mut [0; 4096]).is_ok() {}
                assert!(self.asked_well(&socket), "no answer after {number} packets");
            }
        }
    }

    /// The same on connections, each with a few messages and perhaps half of one.
    async fn flood_tcp(&self, odd: &mut Odd, count: usize) {
        for _ in 0..count {
            let mut bytes = Vec::new();
            for _ in 0..4 {
                let message = odd.message();
                bytes.extend(u16::try_from(message.len()).unwrap().to_be_bytes());
                bytes.extend(message);
            }
            bytes.truncate(odd.random.random_range(0..=bytes.len()));
            let mut stream = TcpStream::connect(("127.0.0.1", self.dns)).await.unwrap();
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    }

    async fn metrics(&self) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.admin)).await.unwrap();
        stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").await.unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).await.unwrap();
        page.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    /// The sum of all series that begin so.
    async fn metric(&self, series: &str) -> f64 {
        let page = self.metrics().await;
        let found = page.lines().filter(|line| line.starts_with(series));
        found.map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()).sum()
    }
}

fn udp() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    socket
}

/// Messages that begin as those that the fuzzer keeps, and end otherwise.
struct Odd {
    kept: Vec<Vec<u8>>,
    random: StdRng,
}

impl Odd {
    fn new() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/kept/dns_query");
        let mut files: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        let kept = files.into_iter().map(|file| std::fs::read(file).unwrap()).collect();
        Self { kept, random: StdRng::seed_from_u64(SEED) }
    }

    fn message(&mut self) -> Vec<u8> {
        let random = &mut self.random;
        let mut message = self.kept[random.random_range(0..self.kept.len())].clone();
        match random.random_range(0..4) {
            0 => message.truncate(random.random_range(0..=message.len())),
            1 => (0..8).for_each(|_| {
                let place = random.random_range(0..message.len());
                message[place] = random.random();
            }),
            2 => {
                // A pointer, forward, backward or to itself.
                let place = random.random_range(0..message.len() - 1);
                message[place] = 0xc0;
            }
            _ => message = (0..random.random_range(0..1500)).map(|_| random.random()).collect(),
        }
        message
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_odd_messages_is_counted_and_leaves_nothing_behind() {
    let server = Server::start().await;
    let mut odd = Odd::new();
    // Until everything is there that is needed at all.
    server.flood(&mut odd, 4000);
    server.flood_tcp(&mut odd, 200).await;
    let series = |page: String| {
        let (queries, others): (Vec<String>, Vec<String>) = page
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.rsplit_once(' ').unwrap().0.to_owned())
            .partition(|series| series.starts_with("nameserver_queries_total"));
        (queries.len(), others)
    };
    let (_, others) = series(server.metrics().await);
    let before = server.metric("jemalloc_allocated_bytes").await;
    let counted = async || {
        server.metric("nameserver_queries_total").await
            + server.metric("nameserver_refused_total{reason=\"no_question\"}").await
    };
    let first = counted().await;

    server.flood(&mut odd, 20_000);
    let asked_well = 20_000_f64 / AT_ONCE as f64;
    assert_eq!(counted().await - first, 20_000.0 + asked_well, "each packet, seed {SEED}");
    server.flood_tcp(&mut odd, 1000).await;

    let after = server.metric("jemalloc_allocated_bytes").await;
    println!("{before} bytes before, {after} after");
    assert!(after < before + GROWTH, "{before} bytes before, {after} after, seed {SEED}");
    let (queries, now) = series(server.metrics().await);
    assert_eq!(now, others);
    assert!(queries <= TRANSPORTS * TYPES * RCODES, "no label is a stranger's: {queries}");
    assert_eq!(server.metric("nameserver_refused_total{reason=\"panicked\"}").await, 0.0);
    assert_eq!(
        server
            .metric("nameserver_transfers_total{direction=\"out\",kind=\"axfr\",result=\"ok\"}")
            .await,
        0.0
    );
    server.process.interrupt();
    let ended = server.process.end().await.expect_code(0);
    assert!(!ended.stdout.contains("panicked"), "{ended}");
}
