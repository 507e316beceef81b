//! Connections under an HTTP fault, counted by the slots of the Service proxy that they hold.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chaos::fault::{HttpFault, HttpSide};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::looks_like_http;
use crate::local::proxy::Proxy;
use crate::local::traffic::Traffic;

const SOON: Duration = Duration::from_secs(30);
const SLOTS: usize = 20;
/// One is held by the proxy itself, for the client that comes next.
const FREE: usize = SLOTS - 1;
const POD: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// A Service with one pod, which answers every connection once, or for ever when asked for `/endless`.
struct Service {
    address: SocketAddr,
    port: u16,
    slots: Arc<Semaphore>,
    traffic: Arc<Traffic>,
    _proxy: Proxy,
}

impl Service {
    async fn start() -> Self {
        let pod = TcpListener::bind((POD, 0)).await.unwrap();
        let server = pod.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = pod.accept().await {
                tokio::spawn(async move { answer(&mut stream).await });
            }
        });
        let free = TcpListener::bind((POD, 0)).await.unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let slots = Arc::new(Semaphore::new(SLOTS));
        let traffic = Arc::<Traffic>::default();
        let proxy = Proxy::start(POD, address.port(), slots.clone(), traffic.clone());
        let proxy = proxy.await.unwrap();
        proxy.set(vec![server]);
        Self {
            address,
            port: server.port(),
            slots,
            traffic,
            _proxy: proxy,
        }
    }

    /// A fault that hits nothing.
    fn fault(&self) -> HttpFault {
        HttpFault {
            side: HttpSide::Request,
            port: self.port,
            conditions: chaos::fault::HttpConditions {
                path: Some("/nothing".into()),
                ..Default::default()
            },
            abort: false,
            delay: None,
            replace: Default::default(),
            patch: Default::default(),
        }
    }

    fn set(&self, fault: HttpFault) {
        let lasting = Instant::now() + Duration::from_secs(3600);
        self.traffic.http.set(POD, "fault", Some((fault, lasting)));
    }

    /// A client that has asked.
    async fn ask(&self, request: &str) -> TcpStream {
        let mut client = soon("the Service listens", async || {
            TcpStream::connect(self.address).await.ok()
        })
        .await;
        client.write_all(request.as_bytes()).await.unwrap();
        client
    }

    async fn free_slots(&self, wanted: usize) {
        let all = async || (self.slots.available_permits() == wanted).then_some(());
        soon(&format!("{wanted} free slots"), all).await;
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

async fn soon<T>(what: &str, mut attempt: impl AsyncFnMut() -> Option<T>) -> T {
    let search = async {
        loop {
            if let Some(found) = attempt().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let found = tokio::time::timeout(SOON, search).await;
    found.unwrap_or_else(|_| panic!("never seen: {what}"))
}

#[tokio::test]
async fn a_client_that_resets_gives_its_slot_back() {
    let service = Service::start().await;
    service.set(service.fault());
    let (asking, asked) = ("GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    for request in [asking, asked] {
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
    service.set(service.fault());
    let mut client = service
        .ask("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        .await;
    client.shutdown().await.unwrap();
    client.read_exact(&mut [0; 100_000]).await.unwrap();
    client.set_zero_linger().unwrap();
    drop(client);
    service.free_slots(FREE).await;
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
