//! The load generator observed from outside while it runs.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Server, command, count, finish};

/// The answer to a GET, or nothing while nobody listens.
fn get(address: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

fn value(metrics: &str, series: &str) -> f64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(series));
    line.unwrap_or_else(|| panic!("no {series} in {metrics}")).trim().parse().unwrap()
}

#[test]
fn a_pod_serves_its_metrics_on_the_admin_port_of_its_address() {
    let server = Server::start();
    let admin = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = server.url("/");
    let load = command(&[&url, "--rate", "200", "--duration", "60s", "--json"])
        .env("ROCKET_ADDRESS", "127.0.0.1")
        .env("ADMIN_PORT", admin.port().to_string())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    let metrics = loop {
        assert!(Instant::now() < deadline, "no request is counted within 30 s");
        if let Some(metrics) = get(admin, "/metrics")
            && value(&metrics, "load_requests_total{result=\"ok\"}") > 0.0
            && value(&metrics, "load_arrivals_total") > 0.0
        {
            break metrics;
        }
        std::thread::yield_now();
    };
    assert!(metrics.starts_with("HTTP/1.1 200") && metrics.contains("text/plain; version=0.0.4"));
    assert!(get(admin, "/readyz").unwrap().starts_with("HTTP/1.1 200"));
    assert!(get(admin, "/healthz").unwrap().starts_with("HTTP/1.1 200"));
    assert!(get(admin, "/nothing").unwrap().starts_with("HTTP/1.1 404"));
    kill_process(Pid::from_child(&load), Signal::TERM).unwrap();
    let (report, code) = finish(load);
    assert_eq!(code, 0, "{report}");
    assert!(count(&report, "ok") > 0);
}

#[test]
fn an_address_that_is_taken_is_refused_before_anything_is_sent() {
    let server = Server::start();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output =
        command(&[&server.url("/"), "--rate", "10", "--metrics", &address]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains(&address) && text.contains("--metrics"), "{text}");
    assert_eq!(server.seen.requests.load(std::sync::atomic::Ordering::SeqCst), 0);
}
