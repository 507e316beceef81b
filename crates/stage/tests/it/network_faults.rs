//! Network faults: what leaves a pod is delayed, lost, slowed down or dropped on connections
//! through a Service.
use std::time::{Duration, Instant};

use chaos::fault::{Fault, NetworkDelay, NetworkFault, Peer};
use stage::local::LocalStage;
use stage::{PodStatus, Stage, StageError};
use testkit::wait::eventually;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::{SOON, apply, demo, get, service_ip, stage, target, web};

/// Two Deployments, `web` and `shop`, each of one pod behind a Service.
async fn two() -> LocalStage {
    let stage = stage().await;
    let web = web(1, "", "");
    let shop = web.replace("name: web,", "name: shop,").replace("app: web", "app: shop");
    apply(&stage, &format!("{web}---\n{shop}")).await.unwrap();
    for name in ["web", "shop"] {
        stage.wait_ready(&demo(name), SOON).await.unwrap();
        let service = (service_ip(&stage, name), 8000);
        eventually("the Service answers", async || get(service, "/").await.ok()).await;
    }
    stage
}

fn pod(stage: &LocalStage, deployment: &str) -> PodStatus {
    stage.snapshot().pods_of(&demo(deployment))[0].clone()
}

fn peer(pod: &PodStatus) -> Peer {
    Peer::Pod(target(pod, None))
}

async fn set(stage: &LocalStage, pod: &PodStatus, fault: Option<NetworkFault>) {
    let until = fault.is_some().then(|| Instant::now() + SOON);
    set_until(stage, pod, "x", fault.unwrap_or_default(), until).await.unwrap();
}

async fn set_until(
    stage: &LocalStage,
    pod: &PodStatus,
    id: &str,
    fault: NetworkFault,
    until: Option<Instant>,
) -> Result<Vec<String>, StageError> {
    stage.fault(&target(pod, None), id, &Fault::Network(fault), until).await
}

fn partition() -> NetworkFault {
    NetworkFault { partition: true, ..Default::default() }
}

fn delay(millis: u64) -> NetworkFault {
    let latency = Duration::from_millis(millis);
    let delay = NetworkDelay { latency, jitter: Duration::ZERO, correlation: 0.0 };
    NetworkFault { delay: Some(delay), ..Default::default() }
}

/// What the pod of `from` gets when it calls the Service of `to`.
async fn call(stage: &LocalStage, from: &str, to: &str) -> String {
    let service = service_ip(stage, to);
    get((pod(stage, from).ip.unwrap(), 8000), &format!("/call/{service}:8000")).await.unwrap()
}

/// An open connection to the pod of `to`, through its Service.
async fn open(stage: &LocalStage, to: &str) -> TcpStream {
    let service = (service_ip(stage, to), 8000);
    let mut stream = TcpStream::connect(service).await.unwrap();
    stream.write_all(b"echo").await.unwrap();
    read(&mut stream, 4).await;
    stream
}

async fn read(stream: &mut TcpStream, bytes: usize) -> Vec<u8> {
    let mut all = vec![0; bytes];
    let read = tokio::time::timeout(SOON, stream.read_exact(&mut all));
    read.await.unwrap().unwrap();
    all
}

#[tokio::test]
async fn a_partition_towards_one_pod_cuts_only_the_calls_between_the_two() {
    let stage = two().await;
    let (web, shop) = (pod(&stage, "web"), pod(&stage, "shop"));
    assert!(call(&stage, "shop", "web").await.contains("200"));
    for (at, towards) in [(&shop, &web), (&web, &shop)] {
        let fault = NetworkFault { towards: Some(vec![peer(towards)]), ..partition() };
        set(&stage, at, Some(fault)).await;
        assert_eq!(call(&stage, "shop", "web").await, "failed: WouldBlock");
        assert!(call(&stage, "web", "web").await.contains("200"));
        let service = (service_ip(&stage, "web"), 8000);
        assert_eq!(
            get(service, "/").await.unwrap().trim(),
            web.ip.unwrap().to_string(),
            "a client outside all pods"
        );
        set(&stage, at, None).await;
        assert!(call(&stage, "shop", "web").await.contains("200"));
    }
    stage.down().await.unwrap();
}

#[tokio::test]
async fn a_partition_of_everybody_holds_new_and_open_connections_and_nothing_is_lost_when_it_heals()
{
    let stage = two().await;
    let web = pod(&stage, "web");
    let mut stream = open(&stage, "web").await;
    set(&stage, &web, Some(partition())).await;
    stream.write_all(b"held").await.unwrap();
    let service = (service_ip(&stage, "web"), 8000);
    let mut new = TcpStream::connect(service).await.unwrap();
    new.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
    // Another pod's Service still answers, so the time is long enough for answers.
    assert!(
        call(&stage, "web", "shop").await.contains("failed"),
        "its own calls do not leave either"
    );
    let mut byte = [0];
    for stream in [&mut stream, &mut new] {
        let answer = tokio::time::timeout(Duration::from_millis(200), stream.read(&mut byte));
        assert!(answer.await.is_err(), "an answer came through");
    }
    set(&stage, &web, None).await;
    assert_eq!(read(&mut stream, 4).await, b"held");
    assert!(read(&mut new, 12).await.ends_with(b"200"));
    stage.down().await.unwrap();
}

#[tokio::test]
async fn a_delay_reaches_open_connections_in_each_direction_that_has_it_and_lapses() {
    let stage = two().await;
    let (web, shop) = (pod(&stage, "web"), pod(&stage, "shop"));
    let mut stream = open(&stage, "web").await;
    let mut echo = async |text: &[u8]| {
        let start = Instant::now();
        stream.write_all(text).await.unwrap();
        assert_eq!(read(&mut stream, text.len()).await, text);
        start.elapsed()
    };
    set(&stage, &shop, Some(delay(30_000))).await;
    echo(b"shop's delay is none of web's").await;
    set(&stage, &shop, None).await;
    set(&stage, &web, Some(delay(200))).await;
    assert!(echo(b"slow").await >= Duration::from_millis(200));
    let until = Instant::now() + Duration::from_millis(100);
    set_until(&stage, &web, "x", delay(30_000), Some(until)).await.unwrap();
    echo(b"arrives when the fault lapses, not when the delay is over").await;
    let healed = |s: &stage::Snapshot| s.pods.iter().all(|pod| pod.faults.is_empty());
    stage.wait_until("no fault is left", healed, SOON).await.unwrap();
    stage.down().await.unwrap();
}

#[tokio::test]
async fn a_connection_opens_more_slowly_too() {
    let stage = two().await;
    let web = pod(&stage, "web");
    let service = (service_ip(&stage, "web"), 8000);
    let calls = async || {
        let mut stream = TcpStream::connect(service).await.unwrap();
        stream.write_all(b"echo").await.unwrap();
        stream
    };
    set(&stage, &web, Some(delay(200))).await;
    // The answer to the SYN, and the echo.
    let start = Instant::now();
    assert_eq!(read(&mut calls().await, 4).await, b"echo");
    assert!(start.elapsed() >= Duration::from_millis(400));
    // Nobody waits for a delay that is over.
    set(&stage, &web, Some(delay(3_600_000))).await;
    let mut stream = calls().await;
    set(&stage, &web, None).await;
    assert_eq!(read(&mut stream, 4).await, b"echo");
    stage.down().await.unwrap();
}

#[tokio::test]
async fn what_a_fault_held_up_is_free_when_it_ends_although_another_stays() {
    let stage = two().await;
    let web = pod(&stage, "web");
    let mut stream = open(&stage, "web").await;
    let until = Instant::now() + SOON;
    let fault = async |id: &str, fault: Option<NetworkFault>| {
        let until = fault.is_some().then_some(until);
        set_until(&stage, &web, id, fault.unwrap_or_default(), until).await.unwrap();
    };
    fault("stays", Some(delay(10))).await;
    let trickle = NetworkFault { bytes_per_second: Some(1), ..Default::default() };
    for held in [trickle, delay(3_600_000)] {
        fault("ends", Some(held)).await;
        // An hour's worth; whatever comes behind it waits even longer.
        for _ in 0..2 {
            stream.write_all(&[b'x'; 3_600]).await.unwrap();
        }
        let mut first = [0];
        let back = tokio::time::timeout(Duration::from_millis(50), stream.peek(&mut first));
        assert!(back.await.is_err(), "nothing is back while the fault lasts");
        fault("ends", None).await;
        assert_eq!(read(&mut stream, 7_200).await, [b'x'; 7_200]);
    }
    stage.down().await.unwrap();
}

#[tokio::test]
async fn bandwidth_and_loss_slow_a_body_down_and_keep_every_byte_in_order() {
    let stage = two().await;
    let web = pod(&stage, "web");
    let mut stream = open(&stage, "web").await;
    let fault =
        NetworkFault { bytes_per_second: Some(400_000), loss_percent: 1.0, ..Default::default() };
    set(&stage, &web, Some(fault)).await;
    let sent: Vec<u8> = (0..100_000u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
    let start = Instant::now();
    let (mut reader, mut writer) = stream.split();
    let mut got = vec![0; sent.len()];
    let both = async { tokio::try_join!(writer.write_all(&sent), reader.read_exact(&mut got)) };
    tokio::time::timeout(SOON, both).await.unwrap().unwrap();
    assert!(got == sent);
    assert!(start.elapsed() >= Duration::from_millis(225), "{:?}", start.elapsed());
    stage.down().await.unwrap();
}

#[tokio::test]
async fn network_and_http_faults_work_together() {
    let stage = two().await;
    let web = pod(&stage, "web");
    let http = chaos::fault::HttpFault {
        side: chaos::fault::HttpSide::Response,
        port: 8000,
        conditions: Default::default(),
        abort: false,
        delay: None,
        replace: chaos::fault::HttpReplace {
            body: Some(b"replaced".to_vec()),
            ..Default::default()
        },
        patch: Default::default(),
    };
    let until = Instant::now() + SOON;
    stage.fault(&target(&web, None), "x", &Fault::Http(http), Some(until)).await.unwrap();
    set(&stage, &web, Some(delay(200))).await;
    let start = Instant::now();
    let answer = call(&stage, "shop", "web").await;
    assert!(answer.ends_with("replaced"), "{answer}");
    assert!(start.elapsed() >= Duration::from_millis(200));
    assert_eq!(pod(&stage, "web").faults, ["http/x", "network/x"]);
    stage.down().await.unwrap();
}

#[tokio::test]
async fn a_peer_that_nobody_knows_is_said_and_nothing_else_is_cut() {
    let stage = two().await;
    let web = pod(&stage, "web");
    let fault = |peer: &str| NetworkFault {
        towards: Some(vec![Peer::External(peer.into())]),
        ..partition()
    };
    let set =
        async |peer| set_until(&stage, &web, "x", fault(peer), Some(Instant::now() + SOON)).await;
    let cut = set("nobody.example").await.unwrap();
    assert!(cut[0].contains("nobody.example"), "{cut:?}");
    assert!(call(&stage, "web", "shop").await.contains("200"));
    set("shop.demo:8000").await.unwrap();
    assert!(call(&stage, "web", "shop").await.contains("failed"));
    assert!(call(&stage, "shop", "web").await.contains("200"));
    stage.down().await.unwrap();
}
