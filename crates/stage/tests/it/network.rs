//! How pods find each other: Services over ready pods, cluster DNS, and faults on a pod's name
//! lookups.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use chaos::fault::{DnsAction, DnsFault, Fault};
use chaos::fields::patterns::Patterns;
use domain::base::iana::Rcode;
use domain::base::{Message, MessageBuilder, Name, Rtype};
use domain::rdata::A;
use stage::local::LocalStage;
use stage::{PodStatus, Stage};
use testkit::wait::eventually;
use tokio::net::UdpSocket;

use crate::common::{
    SOON, apply, config, demo, get, inject, recover, service_ip, stage, target, v4, web,
};

/// One A query, as a resolver would send it.
async fn ask(server: SocketAddr, name: &str) -> (Rcode, Vec<Ipv4Addr>) {
    let mut query = MessageBuilder::new_vec().question();
    query.push((name.parse::<Name<Vec<u8>>>().unwrap(), Rtype::A)).unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(server).await.unwrap();
    socket.send(&query.finish()).await.unwrap();
    let mut reply = vec![0; 512];
    let length = tokio::time::timeout(SOON, socket.recv(&mut reply)).await.unwrap().unwrap();
    let message = Message::from_octets(&reply[..length]).unwrap();
    let answers = message.answer().unwrap().limit_to::<A>();
    (message.header().rcode(), answers.map(|a| a.unwrap().data().addr()).collect())
}

fn dns_fault(action: DnsAction, patterns: &[&str]) -> Fault {
    Fault::Dns(DnsFault { action, patterns: Patterns::compile(patterns).unwrap() })
}

/// What the resolver of a pod would do: the file's first nameserver, on the stage's port.
fn nameserver(resolv_conf: &std::path::Path, port: u16) -> SocketAddr {
    let text = std::fs::read_to_string(resolv_conf).unwrap();
    let ip: IpAddr =
        text.lines().find_map(|line| line.strip_prefix("nameserver ")).unwrap().parse().unwrap();
    SocketAddr::from((ip, port))
}

#[tokio::test]
async fn a_service_spreads_over_ready_pods_only() {
    let stage = stage().await;
    apply(&stage, &web(3, "", "")).await.unwrap();
    stage.wait_ready(&demo("web"), SOON).await.unwrap();
    let ip = service_ip(&stage, "web");
    let served = async || {
        let mut seen = BTreeSet::new();
        for _ in 0..9 {
            if let Ok(body) = get((ip, 8000), "/").await {
                seen.insert(body.trim().to_owned());
            }
        }
        seen
    };
    eventually("all three answer", async || (served().await.len() == 3).then_some(())).await;
    let down = stage.snapshot().pods[0].clone();
    inject(&stage, &down, &Fault::PodFailure).await.unwrap();
    stage.wait_until("two ready", |s| s.services[0].ready.len() == 2, SOON).await.unwrap();
    let seen = served().await;
    assert!(seen.len() == 2 && !seen.contains(&down.ip.unwrap().to_string()), "{seen:?}");
    apply(&stage, &web(0, "", "")).await.unwrap();
    eventually("refused", async || {
        get((ip, 8000), "/")
            .await
            .err()
            .filter(|e| e.kind() == std::io::ErrorKind::ConnectionRefused)
    })
    .await;
    stage.down().await.unwrap();
}

#[tokio::test]
async fn cluster_dns_knows_services_and_demo_names_and_nothing_else() {
    let stage = stage().await;
    let headless = "---\napiVersion: v1\nkind: Service\nmetadata: {name: each, namespace: demo}\nspec: {clusterIP: None, \
                    selector: {app: web}}\n";
    apply(&stage, &(web(2, "", "") + headless)).await.unwrap();
    stage.wait_ready(&demo("web"), SOON).await.unwrap();
    let service = service_ip(&stage, "web");
    assert_eq!(
        ask(stage.place().dns.unwrap(), "web.demo.svc.cluster.local").await,
        (Rcode::NOERROR, vec![service])
    );
    let mut pods: Vec<Ipv4Addr> =
        stage.snapshot().pods.iter().map(|pod| v4(pod.ip.unwrap())).collect();
    let (rcode, mut each) = ask(stage.place().dns.unwrap(), "each.demo.svc.cluster.local").await;
    pods.sort();
    each.sort();
    assert_eq!((rcode, each), (Rcode::NOERROR, pods));
    let (rcode, addresses) = ask(stage.place().dns.unwrap(), "o11y.love").await;
    assert!(rcode == Rcode::NOERROR && addresses[0].is_documentation());
    assert_eq!(
        ask(stage.place().dns.unwrap(), "web.other.svc.cluster.local").await.0,
        Rcode::NXDOMAIN
    );
    assert_eq!(ask(stage.place().dns.unwrap(), "example.org").await.0, Rcode::NXDOMAIN);
    stage.down().await.unwrap();
}

#[tokio::test]
async fn a_dns_fault_hits_one_pod_by_its_resolv_conf_and_is_mended() {
    let config = config();
    let state = config.state_dir.clone();
    let stage = LocalStage::start(config).await.unwrap();
    apply(&stage, &web(2, "", "")).await.unwrap();
    stage.wait_ready(&demo("web"), SOON).await.unwrap();
    let pods: Vec<PodStatus> = stage.snapshot().pods.clone();
    let names: Vec<String> = pods.iter().map(|pod| pod.name.clone()).collect();
    let file = |pod: &str| state.join("pods").join(format!("demo_{pod}")).join("resolv.conf");
    let before = std::fs::read_to_string(file(&names[0])).unwrap();
    assert!(before.contains(
        "search demo.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5"
    ));

    let port = stage.place().dns.unwrap().port();
    let fault = dns_fault(DnsAction::Error, &["o11y.love"]);
    inject(&stage, &pods[0], &fault).await.unwrap();
    let faulty = nameserver(&file(&names[0]), port);
    assert_ne!(faulty, stage.place().dns.unwrap());
    assert_eq!(nameserver(&file(&names[1]), port), stage.place().dns.unwrap());
    assert_eq!(ask(faulty, "o11y.love").await.0, Rcode::SERVFAIL);
    assert_eq!(ask(faulty, "cncf.io").await.0, Rcode::NOERROR);
    assert!(stage.snapshot().pod(&demo(&names[0])).unwrap().dns_fault);

    recover(&stage, &pods[0], &fault).await;
    assert_eq!(std::fs::read_to_string(file(&names[0])).unwrap(), before);
    assert_eq!(
        ask(faulty, "o11y.love").await.0,
        Rcode::NOERROR,
        "an asker with the old file still gets an answer"
    );

    let until = Some(Instant::now() + Duration::from_millis(300));
    stage.fault(&target(&pods[0], None), "x", &fault, until).await.unwrap();
    let mended = |s: &stage::Snapshot| !s.pod(&demo(&names[0])).unwrap().dns_fault;
    stage.wait_until("the rule lapses", mended, SOON).await.unwrap();
    assert_eq!(std::fs::read_to_string(file(&names[0])).unwrap(), before);
    stage.down().await.unwrap();
}

#[tokio::test]
async fn names_outside_the_cluster_are_asked_upstream_when_there_is_one() {
    let mut outer = config();
    outer.demo_names = [("only.example".to_string(), vec![Ipv4Addr::new(203, 0, 113, 7)])].into();
    let outer = LocalStage::start(outer).await.unwrap();
    let mut inner = config();
    inner.upstream_dns = Some(outer.place().dns.unwrap());
    let inner = LocalStage::start(inner).await.unwrap();
    let found = (Rcode::NOERROR, vec![Ipv4Addr::new(203, 0, 113, 7)]);
    assert_eq!(ask(inner.place().dns.unwrap(), "only.example").await, found);
    apply(&outer, &web(0, "", "")).await.unwrap();
    let inside = "web.demo.svc.cluster.local";
    assert_eq!(ask(outer.place().dns.unwrap(), inside).await.0, Rcode::NOERROR);
    assert_eq!(ask(inner.place().dns.unwrap(), inside).await.0, Rcode::NXDOMAIN);
    outer.down().await.unwrap();
    assert_eq!(ask(inner.place().dns.unwrap(), "only.example").await.0, Rcode::SERVFAIL);
    inner.down().await.unwrap();
}

#[tokio::test]
async fn a_changed_service_keeps_its_address_and_its_open_ports() {
    let stage = stage().await;
    let text = web(1, "", "");
    apply(&stage, &text).await.unwrap();
    stage.wait_ready(&demo("web"), SOON).await.unwrap();
    let ip = service_ip(&stage, "web");
    let more = text.replace(
        "ports: [{name: http, port: 8000}",
        "ports: [{name: http, port: 8000}, {name: alt, port: 8080, targetPort: http}",
    );
    apply(&stage, &more).await.unwrap();
    assert_eq!(service_ip(&stage, "web"), ip);
    for port in [8000, 8080, 9000] {
        eventually("the port answers", async || get((ip, port), "/").await.ok()).await;
    }
    stage.down().await.unwrap();
}

#[tokio::test]
async fn what_a_service_cannot_do_here_is_refused() {
    let stage = stage().await;
    let service = |spec: &str| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: s}}\nspec: {{selector: {{a: b}}, {spec}}}\n"
        )
    };
    for (spec, field) in [
        ("ports: [{port: 5300, protocol: UDP}, {port: 5300, protocol: UDP}]", "spec.ports[1].port"),
        ("clusterIP: 10.0.0.1", "spec.clusterIP"),
    ] {
        let message = apply(&stage, &service(spec)).await.unwrap_err().to_string();
        assert!(message.contains(field), "{message}");
    }
    for spec in [
        "clusterIP: None, ports: [{port: 53, protocol: UDP}]",
        "ports: [{port: 5300, protocol: UDP}, {port: 5300}]",
    ] {
        apply(&stage, &service(spec)).await.unwrap();
    }
    stage.down().await.unwrap();
}

#[tokio::test]
async fn a_pod_that_ends_while_its_lookups_are_broken_takes_the_fault_with_it() {
    let stage = stage().await;
    apply(&stage, &web(1, "env: [{name: IGNORE_TERM, value: \"1\"}]", "")).await.unwrap();
    stage.wait_ready(&demo("web"), SOON).await.unwrap();
    let pod = stage.snapshot().pods[0].clone();
    let until = Some(Instant::now() + Duration::from_millis(50));
    let fault = dns_fault(DnsAction::Random, &[]);
    stage.fault(&target(&pod, None), "x", &fault, until).await.unwrap();
    inject(&stage, &pod, &Fault::PodKill { grace_seconds: 1 }).await.unwrap();
    let replaced =
        |s: &stage::Snapshot| s.pods.len() == 1 && s.pods[0].ready && s.pods[0].name != pod.name;
    let status = stage.wait_until("a new pod", replaced, SOON).await.unwrap();
    assert!(!status.pods[0].dns_fault);
    assert!(
        stage.snapshot().events.iter().all(|e| e.reason != "Failed"),
        "{:?}",
        stage.snapshot().events
    );
    stage.down().await.unwrap();
}
