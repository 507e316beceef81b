//! Flows, and what faults do to them, with real sockets.

use chaos::fault::NetworkFault;

use super::*;
use crate::local::network::traffic::NetworkRule;

const SOON: Duration = Duration::from_secs(20);

/// Answers every datagram with its name and what it got.
async fn pod(name: &'static str) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 100];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let answer = [name.as_bytes(), &buffer[..length]].concat();
            let _ = socket.send_to(&answer, from).await;
        }
    });
    address
}

async fn service(traffic: &Arc<Traffic>) -> (Datagrams, SocketAddr) {
    let port = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let opened = Datagrams::start(Ipv4Addr::LOCALHOST, port.port(), traffic.clone()).await;
    (opened.unwrap(), port)
}

async fn client(service: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(service).await.unwrap();
    socket
}

/// Sends until there is an answer: one datagram may be lost.
async fn ask(socket: &UdpSocket, question: &str) -> String {
    let mut buffer = [0; 100];
    let answered = async {
        loop {
            socket.send(question.as_bytes()).await.unwrap();
            let answer = socket.recv(&mut buffer);
            match tokio::time::timeout(Duration::from_millis(500), answer).await {
                Ok(Ok(length)) => return String::from_utf8_lossy(&buffer[..length]).into_owned(),
                _ => continue,
            }
        }
    };
    tokio::time::timeout(SOON, answered).await.expect("an answer")
}

#[tokio::test]
async fn a_client_stays_with_its_pod_until_that_is_not_ready_any_more() {
    let (service, at) = service(&Arc::default()).await;
    let (one, two) = (pod("one ").await, pod("two ").await);
    service.set(vec![one, two]);
    let (first, second) = (client(at).await, client(at).await);
    let answers = [ask(&first, "a").await, ask(&second, "b").await, ask(&first, "c").await];
    assert_eq!(answers[0].split(' ').next(), answers[2].split(' ').next());
    assert_ne!(answers[0].split(' ').next(), answers[1].split(' ').next());
    service.set(vec![one]);
    assert_eq!(ask(&first, "d").await.split(' ').next(), Some("one"));
    assert_eq!(ask(&second, "e").await.split(' ').next(), Some("one"));
}

#[tokio::test]
async fn a_partition_loses_what_the_pod_sends_and_ends_with_its_fault() {
    let traffic: Arc<Traffic> = Arc::default();
    let (service, at) = service(&traffic).await;
    let pod = pod("one ").await;
    service.set(vec![pod]);
    let client = client(at).await;
    assert_eq!(ask(&client, "a").await, "one a");
    let fault = NetworkFault { partition: true, ..NetworkFault::default() };
    let rule = NetworkRule::new(&fault, None);
    let until = Instant::now() + Duration::from_secs(600);
    traffic.network.set(Ipv4Addr::LOCALHOST, "cut", Some((rule, until)));
    client.send(b"b").await.unwrap();
    let mut buffer = [0; 100];
    let silent = tokio::time::timeout(Duration::from_millis(300), client.recv(&mut buffer)).await;
    assert!(silent.is_err(), "nothing comes back");
    traffic.network.set(Ipv4Addr::LOCALHOST, "cut", None);
    assert_eq!(ask(&client, "c").await, "one c", "what was lost is gone");
}
