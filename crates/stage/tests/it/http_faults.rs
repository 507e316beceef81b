//! HTTP faults: messages to and from a pod are broken on their way through its Service.
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use chaos::fault::{Fault, HttpFault, HttpSide};
use stage::local::LocalStage;
use stage::{PodStatus, Stage, StageError};
use testkit::wait::eventually;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::{SOON, apply, demo, get, inject, service_ip, stage, target, web};

fn fault(side: HttpSide) -> HttpFault {
    HttpFault::new(side, 8000)
}

struct Web {
    stage: LocalStage,
    service: (Ipv4Addr, u16),
    pod: PodStatus,
}

impl Web {
    async fn start() -> Self {
        let stage = stage().await;
        apply(&stage, &web(1, "", "")).await.unwrap();
        stage.wait_ready(&demo("web"), SOON).await.unwrap();
        let service = (service_ip(&stage, "web"), 8000);
        let pod = stage.snapshot().pods[0].clone();
        eventually("the Service answers", async || get(service, "/").await.ok()).await;
        Self { stage, service, pod }
    }

    async fn set(&self, id: &str, fault: Option<HttpFault>) {
        let until = fault.is_some().then(|| Instant::now() + SOON);
        let fault = fault.unwrap_or_else(|| self::fault(HttpSide::Request));
        self.set_until(id, fault, until).await.unwrap();
    }

    async fn set_until(
        &self,
        id: &str,
        fault: HttpFault,
        until: Option<Instant>,
    ) -> Result<Vec<String>, StageError> {
        self.stage.fault(&target(&self.pod, None), id, &Fault::Http(fault), until).await
    }

    /// Everything that comes back.
    async fn exchange(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.service).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let read = tokio::time::timeout(SOON, stream.read_to_end(&mut answer));
        // An abort may show as a reset.
        let _ = read.await.unwrap();
        String::from_utf8(answer).unwrap()
    }

    async fn get(&self, path: &str) -> String {
        self.exchange(&format!("GET {path} HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n"))
            .await
    }
}

#[tokio::test]
async fn an_abort_closes_the_connection_without_an_answer_where_the_path_matches_and_lapses() {
    let web = Web::start().await;
    for side in [HttpSide::Request, HttpSide::Response] {
        let mut abort = fault(side);
        abort.abort = true;
        abort.conditions.path = Some("/api/*".into());
        web.set("abort", Some(abort)).await;
        assert_eq!(web.get("/api/x").await, "", "{side:?}");
        assert!(web.get("/api").await.starts_with("HTTP/1.1 200"), "{side:?}");
        assert_eq!(web.stage.snapshot().pods[0].faults, ["http/abort"]);
    }
    let mut brief = fault(HttpSide::Request);
    brief.abort = true;
    let until = Instant::now() + Duration::from_millis(200);
    web.set_until("abort", brief, Some(until)).await.unwrap();
    assert_eq!(web.get("/").await, "");
    let healed = |s: &stage::Snapshot| s.pods[0].faults.is_empty();
    web.stage.wait_until("the fault lapses", healed, SOON).await.unwrap();
    assert!(web.get("/").await.starts_with("HTTP/1.1 200"));
    web.stage.down().await.unwrap();
}

#[tokio::test]
async fn parts_of_requests_and_responses_are_replaced_and_patched() {
    let web = Web::start().await;
    let mut request = fault(HttpSide::Request);
    request.replace.path = Some("/head".into());
    request.replace.method = Some("PUT".into());
    request.replace.headers = BTreeMap::from([("X-New".into(), "1".into())]);
    request.patch.queries = vec![("q".into(), "2".into())];
    web.set("a", Some(request)).await;
    let seen = web.get("/old?p=1").await;
    assert!(seen.contains("\r\n\r\nPUT /head?p=1&q=2 HTTP/1.1\r\n"), "{seen}");
    assert!(seen.to_lowercase().contains("x-new: 1\r\n"), "{seen}");
    web.set("a", None).await;

    let mut response = fault(HttpSide::Response);
    response.replace.code = Some(503);
    response.patch.headers = vec![("x-new".into(), "yes".into())];
    response.patch.body = Some(serde_json::json!({"b": {"c": null, "d": 3}}));
    web.set("b", Some(response)).await;
    let seen = web.get("/json").await;
    assert!(seen.starts_with("HTTP/1.1 503 "), "{seen}");
    assert!(seen.contains("x-new: yes\r\n"), "{seen}");
    assert!(seen.contains("content-length: 19\r\n"), "{seen}");
    assert!(seen.ends_with("\r\n\r\n{\"a\":1,\"b\":{\"d\":3}}"), "{seen}");
    // There is nothing to merge with: the connection is dropped.
    assert_eq!(web.get("/").await, "");
    web.stage.down().await.unwrap();
}

#[tokio::test]
async fn several_experiments_are_matched_with_the_message_as_it_came_and_applied_in_turn() {
    let web = Web::start().await;
    let at = |path: &str, new: &str, header: &str| {
        let mut fault = fault(HttpSide::Request);
        fault.conditions.path = Some(path.into());
        fault.replace.path = Some(new.into());
        fault.patch.headers = vec![(header.into(), "yes".into())];
        fault
    };
    web.set("1", Some(at("/old", "/head/one", "x-one"))).await;
    web.set("2", Some(at("/head/one", "/never", "x-two"))).await;
    web.set("3", Some(at("/old", "/head/three", "x-three"))).await;
    let with = |code, new, header: &str| {
        let mut fault = fault(HttpSide::Response);
        // The request is the one that the pod has seen.
        fault.conditions.path = Some("/head/three".into());
        fault.conditions.code = Some(code);
        fault.replace.code = Some(new);
        fault.patch.headers = vec![(header.into(), "yes".into())];
        fault
    };
    web.set("4", Some(with(200, 503, "x-four"))).await;
    web.set("5", Some(with(503, 599, "x-five"))).await;
    web.set("6", Some(with(200, 404, "x-six"))).await;
    let seen = web.get("/old").await.to_lowercase();
    assert!(seen.starts_with("http/1.1 404 "), "{seen}");
    assert!(seen.contains("\r\n\r\nget /head/three http/1.1\r\n"), "{seen}");
    for (header, expected) in [
        ("x-one", true),
        ("x-two", false),
        ("x-three", true),
        ("x-four", true),
        ("x-five", false),
        ("x-six", true),
    ] {
        assert_eq!(seen.contains(&format!("{header}: yes\r\n")), expected, "{header}: {seen}");
    }
    web.stage.down().await.unwrap();
}

#[tokio::test]
async fn connections_from_before_are_not_affected_and_a_mended_pod_is_mended_on_open_ones() {
    let web = Web::start().await;
    let mut before = TcpStream::connect(web.service).await.unwrap();
    // Something has to pass, or the proxy may not have taken this connection yet.
    before.write_all(b"echo").await.unwrap();
    let mut echoed = [0; 4];
    before.read_exact(&mut echoed).await.unwrap();

    let mut code = fault(HttpSide::Response);
    code.replace.code = Some(500);
    code.replace.headers = BTreeMap::from([("connection".into(), "keep-alive".into())]);
    web.set("code", Some(code)).await;
    before.write_all(b"more").await.unwrap();
    before.read_exact(&mut echoed).await.unwrap();
    assert_eq!(&echoed, b"more");

    let mut after = TcpStream::connect(web.service).await.unwrap();
    let mut ask = async || {
        let request = "GET /json HTTP/1.1\r\nHost: web\r\n\r\n";
        after.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        while !answer.ends_with("}}") {
            let mut some = [0; 512];
            let read = tokio::time::timeout(SOON, after.read(&mut some));
            let length = read.await.unwrap().unwrap();
            assert!(length > 0, "closed after {answer}");
            answer += std::str::from_utf8(&some[..length]).unwrap();
        }
        answer
    };
    assert!(ask().await.starts_with("HTTP/1.1 500 "));
    assert!(ask().await.starts_with("HTTP/1.1 500 "));
    web.set("code", None).await;
    assert!(ask().await.starts_with("HTTP/1.1 200 "));
    web.stage.down().await.unwrap();
}

#[tokio::test]
async fn a_delay_holds_an_answer_back_until_it_is_taken_off() {
    let web = Web::start().await;
    let mut slow = fault(HttpSide::Request);
    slow.delay = Some(Duration::from_secs(3600));
    web.set("slow", Some(slow)).await;
    let mut answer = std::pin::pin!(web.get("/"));
    let early = tokio::time::timeout(Duration::from_millis(300), &mut answer).await;
    assert!(early.is_err(), "{early:?}");
    web.set("slow", None).await;
    assert!(answer.await.starts_with("HTTP/1.1 200"));
    web.stage.down().await.unwrap();
}

#[tokio::test]
async fn bytes_that_are_no_http_pass_and_an_unreachable_pod_is_a_bad_gateway() {
    let web = Web::start().await;
    let mut abort = fault(HttpSide::Request);
    abort.conditions.path = Some("/nothing".into());
    abort.abort = true;
    web.set("abort", Some(abort)).await;
    let mut raw = TcpStream::connect(web.service).await.unwrap();
    raw.write_all(b"echo\x00\x7f").await.unwrap();
    let mut echoed = [0; 6];
    raw.read_exact(&mut echoed).await.unwrap();
    assert_eq!(&echoed, b"echo\x00\x7f");

    // A connection that is open when the pod goes down still gets answers from the reverse proxy.
    let mut open = TcpStream::connect(web.service).await.unwrap();
    let half = b"GET / HTTP/1.1\r\nHost: web\r\n";
    open.write_all(half).await.unwrap();
    // Once this one is answered, the one before was accepted too.
    assert!(web.get("/").await.starts_with("HTTP/1.1 200"));
    inject(&web.stage, &web.pod, &Fault::PodFailure).await.unwrap();
    let pod = (web.stage.snapshot().pods[0].ip.unwrap(), 8000);
    eventually("nothing listens", async || get(pod, "/").await.err()).await;
    open.write_all(b"Connection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    open.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
    web.stage.down().await.unwrap();
}

#[tokio::test]
async fn what_http_cannot_say_is_refused_and_changes_nothing() {
    let web = Web::start().await;
    for code in [42, 101] {
        let mut wrong = fault(HttpSide::Response);
        wrong.replace.code = Some(code);
        let until = Instant::now() + SOON;
        let refusal = web.set_until("x", wrong, Some(until)).await;
        let refusal = refusal.unwrap_err().to_string();
        assert!(refusal.contains(&format!("status code `{code}`")), "{refusal}");
    }
    let nobody = PodStatus { name: "nobody".into(), ..web.pod.clone() };
    let nobody = inject(&web.stage, &nobody, &Fault::Http(fault(HttpSide::Request))).await;
    assert!(nobody.is_err() && web.stage.snapshot().pods[0].faults.is_empty());
    web.stage.down().await.unwrap();
}
