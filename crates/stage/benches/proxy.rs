//! What a Service costs: requests through its proxy against requests straight to the pod, and the
//! memory of 10,000 open connections. `cargo bench -p stage --bench proxy`; ratios, because
//! absolute numbers are the machine's.
//!
//! This program is the stage, and, as its own children, the pod (an HTTP server) and the clients:
//! each in a process of its own, so that what is measured is the proxying process.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and has nobody to return an error to"
)]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustix::process::{Resource, Rlimit};
use stage::local::{Config, LocalStage};
use stage::{NamespacedName, SourceFile, Stage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: web\r\n\r\n";
const SECONDS: u64 = 2;
const ROUNDS: usize = 3;
/// As many as the stage offers where the hard limit of open files allows it.
const HELD: u64 = 10_000;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    match words[..] {
        ["pod-shim", ..] => {
            let Err(why) = stage::shim::exec(std::env::args_os().skip(2));
            panic!("{why}");
        }
        ["server"] => runtime.block_on(serve()),
        ["load", address, connections, pause] => runtime.block_on(load(
            address.parse().unwrap(),
            connections.parse().unwrap(),
            Duration::from_millis(pause.parse().unwrap()),
        )),
        ["hold", address, count] => {
            runtime.block_on(hold(address.parse().unwrap(), count.parse().unwrap()));
        }
        _ => runtime.block_on(measure()),
    }
}

async fn measure() {
    let own = std::env::current_exe().unwrap();
    let dir = std::env::temp_dir().join(format!("stage-bench-{}", std::process::id()));
    let mut config = Config::new(&dir).unwrap();
    config.monitoring = false;
    let stage = LocalStage::start(config).await.unwrap();
    let program = own.file_name().unwrap().to_str().unwrap();
    let file = SourceFile { name: "bench.yaml".into(), text: manifest(program) };
    stage.apply(&[file], &BTreeMap::new()).await.unwrap();
    let web = NamespacedName::new("demo", "web");
    let within = Duration::from_secs(30);
    stage.wait_ready(&web, within).await.unwrap();
    let direct = SocketAddr::from((stage.snapshot().pods[0].ip.unwrap(), 8000));
    let service = stage.snapshot().service(&web).unwrap().ip.unwrap();
    let proxied = SocketAddr::from((service, 8000));

    // In turn, so that a busy moment of the machine hits both. Without pauses everything is busy,
    // and a time is mostly a queue; with them it is what the way costs.
    for (connections, pause) in [(1, 0), (32, 0), (32, 10)] {
        let rounds: Vec<_> = (0..ROUNDS)
            .map(|_| {
                (child_load(direct, connections, pause), child_load(proxied, connections, pause))
            })
            .collect();
        let mut ratios: Vec<f64> = rounds.iter().map(|(d, p)| p.0 / d.0).collect();
        let mut added: Vec<f64> = rounds.iter().map(|(d, p)| p.1 - d.1).collect();
        ratios.sort_by(f64::total_cmp);
        added.sort_by(f64::total_cmp);
        println!(
            "{connections:>2} connections, {pause:>2} ms between requests: {:.2} x direct requests/s, {:+.0} us at p50 (medians of {ROUNDS}); last: direct \
             {:.0}/s, proxied {:.0}/s",
            ratios[ROUNDS / 2],
            added[ROUNDS / 2],
            rounds[ROUNDS - 1].0.0,
            rounds[ROUNDS - 1].1.0
        );
    }
    let before = rss();
    let (mut holder, mut lines) = start(&["hold", &proxied.to_string(), &held().to_string()]);
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    println!(
        "{} connections held: {:.0} MB resident, {:.0} MB without",
        line.trim(),
        rss(),
        before
    );
    drop(holder.stdin.take());
    holder.wait().unwrap();
    stage.down().await.unwrap();
    let _ = std::fs::remove_dir_all(dir);
}

fn manifest(program: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: demo}}\nspec:\n  replicas: 1\n  \
         selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      \
         containers:\n        - name: web\n          command: [{program}, server]\n          ports: [{{containerPort: \
         8000}}]\n          readinessProbe: {{tcpSocket: {{port: 8000}}}}\n---\napiVersion: v1\nkind: Service\nmetadata: \
         {{name: web, namespace: demo}}\nspec: {{selector: {{app: web}}, ports: [{{port: 8000}}]}}\n"
    )
}

/// Two files each, and some for the rest of the stage.
fn held() -> u64 {
    let files = rustix::process::getrlimit(Resource::Nofile).current;
    files.map_or(HELD, |files| HELD.min((files - 1_000) / 2 - 50))
}

/// Resident megabytes of this process.
fn rss() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: f64 = text.split(' ').nth(1).unwrap().parse().unwrap();
    pages * rustix::param::page_size() as f64 / 1e6
}

fn start(args: &[&str]) -> (Child, BufReader<ChildStdout>) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap());
    (child, lines)
}

/// Requests per second, and microseconds at p50.
fn child_load(address: SocketAddr, connections: usize, pause: u64) -> (f64, f64) {
    let (mut child, mut lines) =
        start(&["load", &address.to_string(), &connections.to_string(), &pause.to_string()]);
    let mut text = String::new();
    tokio::task::block_in_place(|| lines.read_to_string(&mut text)).unwrap();
    child.wait().unwrap();
    let (rate, p50) = text.trim().split_once(' ').unwrap();
    (rate.parse().unwrap(), p50.parse().unwrap())
}

async fn serve() {
    let ip: Ipv4Addr = std::env::var("ROCKET_ADDRESS").unwrap().parse().unwrap();
    let listener = TcpListener::bind((ip, 8000)).await.unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        tokio::spawn(async move {
            let answer = |_: Request<hyper::body::Incoming>| async {
                Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello, world\n")))
            };
            let http = hyper::server::conn::http1::Builder::new();
            let _ = http.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
        });
    }
}

/// One request; returns the length of the answer, which is always the same.
async fn ask(stream: &mut TcpStream, length: usize) -> usize {
    stream.write_all(REQUEST).await.unwrap();
    let mut answer = [0; 1024];
    let mut got = 0;
    while got < length.max(1) {
        match stream.read(&mut answer[got..]).await.unwrap() {
            0 => panic!("the server hung up"),
            n => got += n,
        }
    }
    got
}

async fn load(address: SocketAddr, connections: usize, pause: Duration) {
    let end = Instant::now() + Duration::from_secs(SECONDS);
    let clients: Vec<_> = (0..connections)
        .map(|index| {
            tokio::spawn(async move {
                // One after the other, or each pause would end in a burst.
                tokio::time::sleep(pause * index as u32 / connections as u32).await;
                let mut stream = connect(address).await;
                let length = ask(&mut stream, 0).await;
                let mut times = Vec::new();
                while Instant::now() < end {
                    let start = Instant::now();
                    ask(&mut stream, length).await;
                    times.push(start.elapsed().as_micros());
                    if !pause.is_zero() {
                        tokio::time::sleep(pause).await;
                    }
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for client in clients {
        times.extend(client.await.unwrap());
    }
    times.sort_unstable();
    println!("{} {}", times.len() as f64 / SECONDS as f64, times[times.len() / 2]);
}

async fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Opens connections, each of which has carried a request, and holds them until its standard input
/// ends.
async fn hold(address: SocketAddr, count: u64) {
    let limit = rustix::process::getrlimit(Resource::Nofile).maximum;
    let raised = Rlimit { current: limit, maximum: limit };
    rustix::process::setrlimit(Resource::Nofile, raised).unwrap();
    let mut held = Vec::new();
    for _ in 0..count {
        let mut stream = connect(address).await;
        ask(&mut stream, 0).await;
        held.push(stream);
    }
    println!("{}", held.len());
    let _ = std::io::stdin().read(&mut [0]);
}
