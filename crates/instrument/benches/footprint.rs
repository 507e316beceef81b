//! What an instrumented service needs to exist: time to ready, memory at rest, CPU per scrape, time
//! to stop.
//!
//! `cargo bench -p instrument --bench footprint` prints medians and maxima of several runs.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints its table, and has nobody to return an error to"
)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use instrument::{Service, StartError, traced};
use rocket::tokio::time::sleep;
use rocket::{Build, Rocket, get, routes};

/// The variable by which this program starts itself as a server.
const ROLE: &str = "FOOTPRINT_ROLE";
const RUNS: usize = 11;

fn main() -> ExitCode {
    if std::env::var_os(ROLE).is_some() {
        return instrument::run("footprint", build);
    }
    let mut rows = [
        ("start to ready, ms", Vec::new()),
        ("RSS when idle, MB", Vec::new()),
        ("CPU per scrape, ms", Vec::new()),
        ("samples per scrape", Vec::new()),
        ("SIGTERM to exit, request stuck, collector dead, ms", Vec::new()),
    ];
    for _ in 0..RUNS {
        for ((_, values), value) in rows.iter_mut().zip(measure()) {
            values.push(value);
        }
    }
    println!("| what | median | max |\n| --- | --- | --- |");
    for (name, mut values) in rows {
        values.sort_by(f64::total_cmp);
        println!("| {name} | {:.2} | {:.2} |", values[values.len() / 2], values[values.len() - 1]);
    }
    ExitCode::SUCCESS
}

fn build(service: &mut Service) -> Result<Rocket<Build>, StartError> {
    Ok(service.rocket().mount("/", traced(routes![hello, slow])))
}

#[get("/hello/<name>")]
fn hello(name: &str) -> String {
    format!("Hello, {name}!")
}

#[get("/slow")]
async fn slow() -> &'static str {
    sleep(Duration::from_secs(60)).await;
    "slow"
}

fn measure() -> [f64; 5] {
    let (business, admin) = (free_address(), free_address());
    let start = Instant::now();
    let mut server = start_server(business, admin);
    while !get(admin, "/readyz").is_some_and(|answer| answer.contains("200 OK")) {
        std::thread::yield_now();
    }
    let ready = start.elapsed();

    for _ in 0..20 {
        get(business, "/hello/world").unwrap();
    }
    let scrapes = 100;
    let before = cpu_seconds(&get(admin, "/metrics").unwrap());
    for _ in 0..scrapes {
        get(admin, "/metrics").unwrap();
    }
    let metrics = get(admin, "/metrics").unwrap();
    let per_scrape = (cpu_seconds(&metrics) - before) / f64::from(scrapes);
    let samples =
        metrics.lines().filter(|line| !line.starts_with('#') && line.contains(' ')).count();
    // Freed pages are back after a second.
    while jemalloc_dirty(&get(admin, "/metrics").unwrap()) > 3e6
        && start.elapsed() < Duration::from_secs(5)
    {
        std::thread::yield_now();
    }
    let resident = resident_mb(server.id());

    let mut stuck = TcpStream::connect(business).unwrap();
    stuck.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    while !get(admin, "/metrics").unwrap().contains("in_flight 1") {
        std::thread::yield_now();
    }
    let pid = rustix::process::Pid::from_child(&server);
    let stop = Instant::now();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    server.wait().unwrap();
    let stopped = stop.elapsed();
    [
        ready.as_secs_f64() * 1e3,
        resident,
        per_scrape * 1e3,
        samples as f64,
        stopped.as_secs_f64() * 1e3,
    ]
}

fn start_server(business: SocketAddr, admin: SocketAddr) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env_clear().env(ROLE, "server").env("ROCKET_PORT", business.port().to_string());
    command
        .env("ADMIN_PORT", admin.port().to_string())
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9");
    command.stdout(Stdio::null()).spawn().unwrap()
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn get(address: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream
        .write_all(
            format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes(),
        )
        .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

fn value(metrics: &str, name: &str) -> f64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap();
    line.parse().unwrap()
}

fn cpu_seconds(metrics: &str) -> f64 {
    value(metrics, "process_cpu_seconds_total")
}

fn jemalloc_dirty(metrics: &str) -> f64 {
    value(metrics, "jemalloc_resident_bytes") - value(metrics, "jemalloc_active_bytes")
}

fn resident_mb(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1e3
}
