//! The service as it ships, as a process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up. Far more than it takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// It ends with the test.
pub(crate) struct Orders {
    child: Child,
    pub(crate) address: SocketAddr,
    admin: SocketAddr,
}

impl Orders {
    pub(crate) fn start(settings: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_orders"))
            .envs([("ROCKET_PORT", "0"), ("ADMIN_PORT", "0")])
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut address = |message: &str| {
            let message = format!("\"message\":\"{message}\"");
            let line = log.find(|line| line.contains(&message)).unwrap();
            let line: serde_json::Value = serde_json::from_str(&line).unwrap();
            line["address"].as_str().unwrap().parse().unwrap()
        };
        let (admin, address) = (address("admin ready"), address("ready"));
        // Nobody reads the rest, and a full pipe would stop the service.
        std::thread::spawn(move || log.for_each(drop));
        Self { child, address, admin }
    }

    /// Sends a request and leaves the connection open.
    pub(crate) fn send(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }

    /// The value of a series, written as on `/metrics`.
    pub(crate) fn value(&self, series: &str) -> f64 {
        let metrics = self.metrics();
        let value = |line: &str| line.strip_prefix(series)?.strip_prefix(' ')?.parse::<f64>().ok();
        metrics.lines().find_map(value).unwrap_or_else(|| panic!("no {series} in {metrics}"))
    }

    pub(crate) fn metrics(&self) -> String {
        let mut stream = TcpStream::connect(self.admin).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = "GET /metrics HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        answer
    }

    /// Waits until `holds`, asking again and again.
    pub(crate) fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds() {
            assert!(Instant::now() < deadline, "in vain until {what}:\n{}", self.metrics());
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }
}

impl Drop for Orders {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
