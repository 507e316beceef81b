//! Tests of `proxy.rs`.

use std::collections::BTreeMap;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

/// A server that sends its name and then whatever it gets.
async fn server(name: u8) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                stream.write_all(&[name]).await.unwrap();
                let (mut read, mut write) = stream.split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
            });
        }
    });
    address
}

async fn free_address() -> (Ipv4Addr, u16) {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    (Ipv4Addr::LOCALHOST, port)
}

async fn proxy((ip, port): (Ipv4Addr, u16)) -> Proxy {
    Proxy::start(ip, port, Arc::new(Semaphore::new(100)), Arc::default()).await.unwrap()
}

async fn connected(address: (Ipv4Addr, u16)) -> TcpStream {
    let attempt = async {
        loop {
            match TcpStream::connect(address).await {
                Ok(stream) => return stream,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), attempt).await.unwrap()
}

#[tokio::test]
async fn connections_go_to_each_pod_in_turn_and_carry_large_bodies() {
    let address = free_address().await;
    let proxy = proxy(address).await;
    proxy.set(vec![server(1).await, server(2).await]);
    let mut seen = BTreeMap::<u8, u32>::new();
    for _ in 0..10 {
        let mut stream = connected(address).await;
        *seen.entry(stream.read_u8().await.unwrap()).or_default() += 1;
    }
    assert_eq!(seen, BTreeMap::from([(1, 5), (2, 5)]));

    let stream = connected(address).await;
    let sent: Vec<u8> = (0..3_000_000u32).map(|n| n.to_le_bytes()[1]).collect();
    let (mut read, mut write) = stream.into_split();
    let copy = sent.clone();
    let writer = tokio::spawn(async move { write.write_all(&copy).await });
    let mut got = Vec::new();
    tokio::time::timeout(Duration::from_secs(20), read.read_to_end(&mut got))
        .await
        .unwrap()
        .unwrap();
    writer.await.unwrap().unwrap();
    assert!(got[1..] == sent[..]);
}

#[tokio::test]
async fn without_a_ready_pod_the_port_is_closed() {
    let address = free_address().await;
    let proxy = proxy(address).await;
    assert_eq!(
        TcpStream::connect(address).await.unwrap_err().kind(),
        io::ErrorKind::ConnectionRefused
    );
    proxy.set(vec![server(1).await]);
    connected(address).await;
    proxy.set(vec![]);
    let refused = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await
        }
    };
    tokio::time::timeout(Duration::from_secs(10), refused).await.unwrap();
}
