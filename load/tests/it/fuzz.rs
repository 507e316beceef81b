//! Odd requests against servers with faults of known kinds, and against one without.

use std::{convert::Infallible, net::SocketAddr, process::Output, time::Duration};

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{net::TcpListener, process::Command};

use crate::support::{command, count};

/// Which fault a server has.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    /// A division by `limit`: the handler panics, and its connection breaks.
    Panics,
    /// A JSON-RPC method that is not a text is status 500.
    Status500,
    /// Lists in lists in lists never come to an end.
    Hangs,
    /// A header of a tracer is cut out of its text at a fixed place.
    Header,
}

async fn answer(
    request: Request<Incoming>,
    fault: Fault,
) -> Result<Response<Full<Bytes>>, &'static str> {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let odd_trace = request
        .headers()
        .get("traceparent")
        .is_some_and(|value| value.as_bytes().len() < 55 || value.as_bytes().ends_with(b"zz"));
    if request.uri().path() == "/openapi.json" {
        let limit = json!({"name": "limit", "in": "query", "required": true, "schema": {"type": "integer", "minimum": 1}});
        let call = json!({"type": "object", "required": ["jsonrpc", "method", "params"], "properties": {
            "jsonrpc": {"const": "2.0"}, "method": {"enum": ["price"]}, "params": {"type": "array", "items": {"type": "string"}}}});
        let document = json!({"openapi": "3.1.0", "paths": {
            "/orders": {"get": {"parameters": [limit]}},
            "/rpc": {"post": {"requestBody": {"content": {"application/json": {"schema": call}}}}}}});
        return Ok(Response::new(Full::new(document.to_string().into())));
    }
    let Ok(body) = request.into_body().collect().await else { return Err("broken off") };
    let body: Option<Value> = serde_json::from_slice(&body.to_bytes()).ok();
    let method = body.as_ref().and_then(|body| body.get("method"));
    let depth = |mut value: &Value| {
        let mut depth = 0;
        while let Some(inner) = value.as_array().and_then(|items| items.first()) {
            (value, depth) = (inner, depth + 1);
        }
        depth
    };
    let mut response = Response::new(Full::new(Bytes::from_static(b"{}")));
    match fault {
        Fault::Panics if query.split('&').any(|pair| pair == "limit=0") => return Err("divided"),
        Fault::Status500 if method.is_some_and(|method| !method.is_string()) => {
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        }
        Fault::Hangs
            if body
                .as_ref()
                .and_then(|body| body.get("params"))
                .is_some_and(|params| depth(params) > 3) =>
        {
            std::future::pending::<Infallible>().await;
        }
        Fault::Header if odd_trace => *response.status_mut() = StatusCode::BAD_GATEWAY,
        _ => {}
    }
    Ok(response)
}

async fn start(fault: Fault) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let service = service_fn(move |request| answer(request, fault));
                // An error is how a handler breaks off its connection.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    address
}

async fn fuzz(address: SocketAddr, more: &[&str]) -> Output {
    let url = format!("http://{address}/orders?limit=5");
    Command::from(command(&[&["fuzz", &url], more].concat())).output().await.unwrap()
}

/// The report, and the exit code.
async fn report(address: SocketAddr, more: &[&str]) -> (Value, i32) {
    let output = fuzz(address, &[more, &["--json"]].concat()).await;
    let text = String::from_utf8(output.stdout).unwrap();
    let report = serde_json::from_str(&text).unwrap_or_else(|error| {
        panic!("{error}: {text} {}", String::from_utf8_lossy(&output.stderr))
    });
    (report, output.status.code().unwrap())
}

/// Enough to find every fault here many times over.
const ENOUGH: [&str; 8] =
    ["--openapi", "/openapi.json", "--seed", "1", "--requests", "3000", "--timeout", "500ms"];

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_fault_passes() {
    let address = start(Fault::None).await;
    let (report, code) = report(address, &ENOUGH).await;
    assert_eq!((code, count(&report, "sent")), (0, 3000), "{report}");
    assert_eq!(report["failures"], json!([]), "{report}");
    let sound = count(&report, "sound");
    assert!((1000..2900).contains(&sound), "{report}");
    assert!(count(&report["statuses"], "200") > 1000, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_fault_is_found_and_shrunk_to_its_cause() {
    for (fault, what, cause) in [
        (Fault::Panics, "closed without a complete answer", "limit=0"),
        (Fault::Status500, "status 500", r#"{"method":0}"#),
        (Fault::Hangs, "no complete answer within 500ms", "[[[["),
        (Fault::Header, "status 502", "traceparent"),
    ] {
        let address = start(fault).await;
        let (report, code) = report(address, &[&ENOUGH[..], &["--failures", "1"]].concat()).await;
        assert_eq!(code, 1, "{fault:?}: {report}");
        let failure = &report["failures"][0];
        assert!(failure["what"].as_str().unwrap().contains(what), "{fault:?}: {failure}");
        let command = failure["command"].as_str().unwrap();
        assert!(command.starts_with("curl ") && command.contains(cause), "{fault:?}: {command}");
        assert_eq!(count(failure, "failed"), 3, "{fault:?}: {failure}");
        assert!(count(failure, "bytes") < 200, "{fault:?}: {failure}");
        // Of what has nothing to do with it, nothing is left.
        assert!(fault == Fault::Header || !command.contains("traceparent"), "{command}");
        // The number of the case finds it again.
        let case = failure["case"].to_string();
        let again = [&ENOUGH[..4], &["--case", &case, "--timeout", "500ms"]].concat();
        let (report, code) = self::report(address, &again).await;
        assert_eq!((code, count(&report, "sent")), (1, 1), "{fault:?}: {report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs curl and nc"]
async fn what_is_printed_can_be_pasted_into_a_shell() {
    let address = start(Fault::Status500).await;
    let (report, _) = report(address, &ENOUGH).await;
    let pasted = report["failures"][0]["command"].as_str().unwrap().to_owned();
    let output = Command::new("sh").args(["-c", &pasted]).output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.starts_with("HTTP/1.1 500 "), "{pasted}\n{text}\n{output:?}");
    // And what curl cannot send: a request whose client has hung up in the middle.
    let raw = format!(
        "printf 'GET / HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n' | nc -N 127.0.0.1 {}",
        address.port()
    );
    let output = Command::new("sh").args(["-c", &raw]).output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_is_kept_over_all_connections() {
    let address = start(Fault::None).await;
    let options = ["--rate", "20", "--connections", "8", "--duration", "1s"];
    let (report, code) = report(address, &options).await;
    // Eight may wait for their time when the run ends. At full speed it would be thousands.
    assert_eq!(code, 0, "{report}");
    assert!((1..=28).contains(&count(&report, "sent")), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_connections_it_waits_and_needs_nobody() {
    let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
    let (report, code) = report(nobody, &["--connections", "0", "--duration", "300ms"]).await;
    assert_eq!((&report["sent"], code), (&json!(0), 0), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_ends_the_run_with_what_was_sent_last() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        // The first looks whether anybody is there; after a few more, nobody is.
        for _ in 0..5 {
            let (stream, _) = listener.accept().await.unwrap();
            let service = service_fn(|request| answer(request, Fault::None));
            let mut http = http1::Builder::new();
            http.keep_alive(false);
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
        }
    });
    let few = ["--connections", "1", "--seed", "1", "--timeout", "2s"];
    let output = tokio::time::timeout(Duration::from_secs(60), fuzz(address, &few)).await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("nobody is there any more") && text.contains("curl"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_said_before_anything_is_sent() {
    let here = start(Fault::None).await;
    let says = async |url: &str, more: &[&str], wanted: &str| {
        let arguments = [&["fuzz", url], more].concat();
        let output = Command::from(command(&arguments)).output().await.unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(wanted), "{url} {more:?}: {text}");
    };
    let url = format!("http://{here}/");
    says("http://93.184.216.34/", &[], "--i-own-this-target").await;
    says("http://127.0.0.1:1/", &[], "is it running?").await;
    says(&url, &["--openapi", "/nothing"], "no OpenAPI document").await;
    says(&url, &["--openapi", "@/nonexistent.json"], "name a file").await;
    says(&url, &["--openapi", "nonsense"], "write /PATH").await;
    says(&url, &["--rate", "0"], "more than 0").await;
    says(&url, &["--connections", "1001"], "give 0 to 1000").await;
}
