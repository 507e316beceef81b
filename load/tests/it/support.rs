//! What the tests share: a server whose answers are chosen by the path, and the program `load` with
//! its report.

use std::{
    convert::Infallible,
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    header::{CONNECTION, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpListener, sync::oneshot};

/// What the server saw.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) connections: AtomicU64,
    pub(crate) requests: AtomicU64,
    pub(crate) traceparents: Mutex<Vec<String>>,
    pub(crate) bodies: Mutex<Vec<(String, String)>>,
}

/// A server in a thread of its own, until dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) seen: Arc<Seen>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let (stop, stopped) = oneshot::channel();
        let for_thread = Arc::clone(&seen);
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    () = serve(TcpListener::from_std(listener).unwrap(), for_thread) => {}
                }
            });
        });
        Self { address, seen, stop: Some(stop), thread: Some(thread) }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.thread.take().unwrap().join().unwrap();
    }
}

/// Serves for ever.
pub(crate) async fn serve(listener: TcpListener, seen: Arc<Seen>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        seen.connections.fetch_add(1, Ordering::SeqCst);
        let seen = Arc::clone(&seen);
        tokio::spawn(async move {
            let service = service_fn(|request| answer(request, Arc::clone(&seen)));
            // An error is how a handler resets its connection.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// `/status/429`, `/slow/2` (milliseconds), `/hang`, `/close` (after the answer), `/reset` (instead
/// of it), `/echo`.
async fn answer(
    request: Request<Incoming>,
    seen: Arc<Seen>,
) -> Result<Response<Full<Bytes>>, Refused> {
    seen.requests.fetch_add(1, Ordering::SeqCst);
    if let Some(traceparent) = request.headers().get("traceparent") {
        seen.traceparents.lock().unwrap().push(traceparent.to_str().unwrap().to_owned());
    }
    let method = request.method().to_string();
    let path = request.uri().path().to_owned();
    let mut response = Response::new(Full::new(Bytes::from_static(b"Hello, load!")));
    match path.split('/').skip(1).collect::<Vec<_>>()[..] {
        ["status", status] => *response.status_mut() = status.parse().unwrap(),
        ["slow", ms] => tokio::time::sleep(Duration::from_millis(ms.parse().unwrap())).await,
        ["hang"] => std::future::pending().await,
        ["reset"] => return Err(Refused),
        ["close"] => {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        ["echo"] => {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let body = String::from_utf8(body.to_vec()).unwrap();
            seen.bodies.lock().unwrap().push((method, body));
        }
        _ => {}
    }
    Ok(response)
}

#[derive(Debug)]
struct Refused;

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Refused {}

impl From<Infallible> for Refused {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// The program, without what the environment of the tests might say.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_load"));
    for variable in [
        "HOSTS_FILE",
        "RESOLV_CONF",
        "RESOLV_PORT",
        "METRICS_ADDRESS",
        "ROCKET_ADDRESS",
        "ADMIN_PORT",
    ] {
        command.env_remove(variable);
    }
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) fn start(arguments: &[&str]) -> Child {
    command(arguments).arg("--json").spawn().unwrap()
}

/// Report and exit code of a run that has been started.
pub(crate) fn finish(child: Child) -> (Value, i32) {
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let report = serde_json::from_str(&text).unwrap_or_else(|error| {
        panic!("{error}: {text} {}", String::from_utf8_lossy(&output.stderr))
    });
    check(&report);
    (report, output.status.code().unwrap())
}

pub(crate) fn run(arguments: &[&str]) -> (Value, i32) {
    finish(start(arguments))
}

pub(crate) fn count(report: &Value, field: &str) -> u64 {
    report[field].as_u64().unwrap_or_else(|| panic!("no number {field} in {report}"))
}

/// What holds for every report: nothing is lost, and nothing is counted twice.
fn check(report: &Value) {
    let count = |field| count(report, field);
    assert_eq!(count("sent") + count("dropped"), count("due"), "{report}");
    assert_eq!(count("ok") + count("errors") + count("censored"), count("sent"), "{report}");
    let outcomes: u64 =
        report["outcomes"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(outcomes, count("sent"));
    let recorded = |kind: &str| report["latency"][kind]["count"].as_u64().unwrap();
    assert_eq!(recorded("success"), count("ok") + count("censored"));
    assert_eq!(recorded("error"), count("errors"));
}
