//! How long connections last under an HTTP fault, and the permits of the Service proxy that they
//! hold.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chaos::fault::{HttpFault, HttpSide};
use testkit::wait::eventually;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::looks_like_http;
use crate::local::network::proxy::Proxy;
use crate::local::network::traffic::Traffic;

const SOON: Duration = Duration::from_secs(30);
const PERMITS: usize = 20;
/// One is held by the proxy itself, for the client that comes next.
const FREE: usize = PERMITS - 1;
const POD: Ipv4Addr = Ipv4Addr::LOCALHOST;

const HOUR: Duration = Duration::from_secs(3600);
const ASKED: &str = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/// A Service with one pod, which answers every connection once, or for ever when asked for
/// `/endless`.
struct Service {
    /// By the pod.
    accepted: Arc<AtomicUsize>,
    address: SocketAddr,
    port: u16,
    permits: Arc<Semaphore>,
    traffic: Arc<Traffic>,
    _proxy: Proxy,
}

impl Service {
    async fn start() -> Self {
        let pod = TcpListener::bind((POD, 0)).await.unwrap();
        let server = pod.local_addr().unwrap();
        let accepted = Arc::<AtomicUsize>::default();
        let count = accepted.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = pod.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(async move { answer(&mut stream).await });
            }
        });
        let free = TcpListener::bind((POD, 0)).await.unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let permits = Arc::new(Semaphore::new(PERMITS));
        let traffic = Arc::<Traffic>::default();
        let proxy = Proxy::start(POD, address.port(), permits.clone(), traffic.clone());
        let proxy = proxy.await.unwrap();
        proxy.set(vec![server]);
        Self { accepted, address, port: server.port(), permits, traffic, _proxy: proxy }
    }

    /// A fault that hits nothing.
    fn fault(&self) -> HttpFault {
        HttpFault {
            conditions: chaos::fault::HttpConditions {
                path: Some("/nothing".into()),
                ..Default::default()
            },
            ..HttpFault::new(HttpSide::Request, self.port)
        }
    }

    /// A fault that holds every message back.
    fn slow(&self, side: HttpSide) -> HttpFault {
        HttpFault { delay: Some(HOUR), ..HttpFault::new(side, self.port) }
    }

    fn set(&self, fault: HttpFault, lasts: Duration) {
        let fault = Some((fault, Instant::now() + lasts));
        self.traffic.http.set(POD, "fault", fault);
    }

    fn heal(&self) {
        self.traffic.http.set(POD, "fault", None);
    }

    /// A client that has asked.
    async fn ask(&self, request: &str) -> TcpStream {
        let mut client =
            eventually("the Service listens", async || TcpStream::connect(self.address).await.ok())
                .await;
        client.write_all(request.as_bytes()).await.unwrap();
        client
    }

    /// Held back, with certainty: the fault is longer than the longest wait of a test.
    async fn holds(&self, client: &mut TcpStream) {
        let early = client.read_u8();
        let early = tokio::time::timeout(Duration::from_millis(100), early).await;
        assert!(early.is_err(), "{early:?}");
    }

    async fn free_slots(&self, wanted: usize) {
        let all = async || (self.permits.available_permits() == wanted).then_some(());
        eventually(&format!("{wanted} free permits"), all).await;
    }
}

async fn answer(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut head = [0; 1024];
    let length = stream.read(&mut head).await?;
    if head[..length].starts_with(b"GET /endless") {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
        loop {
            stream.write_all(&[b'x'; 1024]).await?;
        }
    }
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    stream.write_all(answer).await?;
    stream.read(&mut head).await.map(drop)
}

async fn answered(client: &mut TcpStream) {
    let mut status = [0; 12];
    let read = tokio::time::timeout(SOON, client.read_exact(&mut status));
    read.await.expect("never answered").unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
}

#[tokio::test]
async fn a_client_that_resets_gives_its_slot_back() {
    let service = Service::start().await;
    service.set(service.fault(), HOUR);
    for request in ["GET / HTTP/1.1\r\n", ASKED] {
        let mut clients = Vec::new();
        for _ in 0..5 {
            clients.push(service.ask(request).await);
        }
        service.free_slots(FREE - clients.len()).await;
        for client in clients {
            client.set_zero_linger().unwrap();
        }
        service.free_slots(FREE).await;
    }
}

#[tokio::test]
async fn a_client_that_resets_in_the_middle_of_an_answer_gives_its_slot_back_though_it_asks_no_more()
 {
    let service = Service::start().await;
    service.set(service.fault(), HOUR);
    let mut client = service.ask("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n").await;
    client.shutdown().await.unwrap();
    client.read_exact(&mut [0; 100_000]).await.unwrap();
    client.set_zero_linger().unwrap();
    drop(client);
    service.free_slots(FREE).await;
}

#[tokio::test]
async fn a_delay_ends_when_the_fault_is_taken_off_or_replaced() {
    let service = Service::start().await;
    let replace = |service: &Service| service.set(service.fault(), HOUR);
    let ends: [fn(&Service); 2] = [Service::heal, replace];
    for side in [HttpSide::Request, HttpSide::Response] {
        for end in ends {
            service.set(service.slow(side), HOUR);
            let mut client = service.ask(ASKED).await;
            service.holds(&mut client).await;
            end(&service);
            answered(&mut client).await;
        }
    }
}

#[tokio::test]
async fn a_delay_ends_when_the_time_of_the_fault_is_over() {
    let service = Service::start().await;
    for side in [HttpSide::Request, HttpSide::Response] {
        service.set(service.slow(side), Duration::from_millis(300));
        let mut client = service.ask(ASKED).await;
        answered(&mut client).await;
    }
}

#[tokio::test]
async fn a_fault_that_ends_while_another_holds_the_message_back_does_nothing_more() {
    let service = Service::start().await;
    let abort = HttpFault { abort: true, ..HttpFault::new(HttpSide::Request, service.port) };
    let later = Some((abort, Instant::now() + HOUR));
    service.traffic.http.set(POD, "later", later);
    service.set(service.slow(HttpSide::Request), HOUR);
    let mut client = service.ask(ASKED).await;
    service.holds(&mut client).await;
    service.traffic.http.set(POD, "later", None);
    service.heal();
    answered(&mut client).await;
}

#[tokio::test]
async fn a_replaced_body_needs_no_end_of_the_old_one() {
    let service = Service::start().await;
    for (side, request) in [
        (HttpSide::Response, "GET /endless HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
        (HttpSide::Request, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n"),
    ] {
        let mut fault = service.fault();
        fault.side = side;
        fault.conditions = Default::default();
        fault.replace.body = Some(b"new".to_vec());
        service.set(fault, HOUR);
        let mut client = service.ask(request).await;
        let mut answer = String::new();
        let read = tokio::time::timeout(SOON, client.read_to_string(&mut answer));
        read.await.expect("never answered").unwrap();
        let expected = match side {
            HttpSide::Request => "ok",
            HttpSide::Response => "new",
        };
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.ends_with(&format!("\r\n\r\n{expected}")), "{answer}");
    }
    service.free_slots(FREE).await;
}

#[tokio::test]
async fn a_client_that_goes_away_during_a_delay_has_asked_the_pod_nothing() {
    let service = Service::start().await;
    service.set(service.slow(HttpSide::Request), HOUR);
    for reset in [true, false] {
        let mut client = service.ask(ASKED).await;
        service.holds(&mut client).await;
        if reset {
            client.set_zero_linger().unwrap();
        }
        drop(client);
        service.free_slots(FREE).await;
    }
    assert_eq!(service.accepted.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_client_that_waits_for_the_server_waits_no_longer_than_there_is_a_fault() {
    let service = Service::start().await;
    let ends: [fn(&Service); 2] = [Service::heal, |service| {
        service.set(service.fault(), Duration::from_millis(50));
    }];
    for (connections, end) in ends.into_iter().enumerate() {
        service.set(service.fault(), HOUR);
        let mut client = service.ask("").await;
        service.holds(&mut client).await;
        assert_eq!(service.accepted.load(Ordering::Relaxed), connections);
        end(&service);
        let accepted =
            async || (service.accepted.load(Ordering::Relaxed) > connections).then_some(());
        eventually("the pod accepts", accepted).await;
    }
}

#[test]
fn http_is_told_from_other_bytes_by_its_first_word() {
    for (bytes, expected) in [
        (&b"GET / HTTP/1.1"[..], true),
        (b"OPTIONS * HTTP/1", true),
        (b"PO", true),
        (b"PRI * HTTP/2.0", false),
        (b"\x16\x03\x01", false),
        (b"get /", false),
        (b" GET", false),
        (b"", false),
    ] {
        assert_eq!(looks_like_http(bytes), expected, "{bytes:?}");
    }
}
