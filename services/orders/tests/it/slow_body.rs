//! Whoever sends half a body gets an answer in the end, and the others are served meanwhile.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);
/// More than are read at a time.
const SLOW: usize = 200;
/// Rocket itself waits for the first 512 bytes, before it asks whose request it is.
const HALF: usize = 30_000;

#[test]
fn those_who_send_half_a_body_get_a_408_and_the_others_are_served() {
    let orders = Orders::start();
    let half = format!(
        "POST /orders HTTP/1.1\r\nhost: orders\r\ncontent-length: {}\r\n\r\n{}",
        2 * HALF,
        " ".repeat(HALF)
    );
    let slow: Vec<_> = (0..SLOW).map(|_| orders.send(&half)).collect();
    let order = r#"{"item": "tea", "quantity": 1}"#;
    let whole = format!(
        "POST /orders HTTP/1.1\r\nhost: orders\r\ncontent-length: {}\r\n\r\n{order}",
        order.len()
    );
    assert_eq!(status(orders.send(&whole)), "HTTP/1.1 201");
    for stream in slow {
        assert_eq!(status(stream), "HTTP/1.1 408");
    }
}

/// The service as it ships; it ends with the test.
struct Orders {
    child: Child,
    address: String,
}

impl Orders {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_orders"))
            .envs([("ROCKET_PORT", "0"), ("ADMIN_PORT", "0")])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = |line: &String| line.contains("\"message\":\"ready\"");
        let line = log.map_while(Result::ok).find(ready).unwrap();
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        let address = line["address"].as_str().unwrap().to_owned();
        Self { child, address }
    }

    fn send(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }
}

impl Drop for Orders {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn status(mut stream: TcpStream) -> String {
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    String::from_utf8_lossy(&start).into_owned()
}
