//! Two processes, one trace: what a customer asks `shop` can be followed into the log of `orders`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;
use testkit::collector::Collector;

/// How long anything may take before a test gives up. Far more than it takes.
const PATIENCE: Duration = Duration::from_secs(20);

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// A running service and its log, killed when dropped.
struct Running {
    child: Child,
    log: Receiver<Value>,
}

impl Running {
    fn start(program: &Path, settings: &[(&str, &str)]) -> Self {
        let mut child = Command::new(program)
            .env_clear()
            .envs([("ROCKET_PORT", "0"), ("ADMIN_PORT", "0"), ("RUST_LOG", "debug")])
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, log) = channel();
        std::thread::spawn(move || {
            let mut lines = lines.map_while(Result::ok);
            lines.try_for_each(|line| sender.send(serde_json::from_str(&line).unwrap()))
        });
        Self { child, log }
    }

    /// The next log line with this message.
    fn line(&self, message: &str) -> Value {
        loop {
            let line = self.log.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("no line says {message}"));
            if line["message"] == message {
                return line;
            }
        }
    }

    fn address(&self) -> String {
        self.line("ready")["address"].as_str().unwrap().to_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let parent = format!("traceparent: 00-{TRACE}-00f067aa0ba902b7-01");
    write!(stream, "GET {path} HTTP/1.1\r\nhost: t\r\nconnection: close\r\n{parent}\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn orders() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let target = test.parent().and_then(Path::parent).unwrap();
    target.join("examples/orders")
}

#[test]
fn a_trace_that_comes_in_at_the_shop_is_in_the_logs_of_both_services() {
    let orders = Running::start(&orders(), &[("WORK_UNITS", "1")]);
    let url = format!("http://{}", orders.address());
    let shop = Running::start(Path::new(env!("CARGO_BIN_EXE_shop")), &[("ORDERS_URL", &url)]);
    let answer = get(&shop.address(), "/price/tea");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");

    let (offered, priced) = (shop.line("offered"), orders.line("priced"));
    for line in [&offered, &priced] {
        assert_eq!((&line["trace_id"], &line["item"]), (&TRACE.into(), &"tea".into()));
    }
    assert_eq!(offered["cents"], priced["cents"]);
}

#[test]
fn a_failure_of_orders_is_in_the_shops_log_with_the_customers_trace() {
    let shop = Running::start(
        Path::new(env!("CARGO_BIN_EXE_shop")),
        &[("ORDERS_URL", "http://127.0.0.1:9")],
    );
    let answer = get(&shop.address(), "/price/tea");
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
    let line = shop.line("no price");
    assert_eq!((&line["trace_id"], &line["level"]), (&TRACE.into(), &"WARN".into()));
}

#[test]
fn the_spans_of_both_services_hang_together_under_the_customers() {
    let collector = Collector::start();
    let tracing = ("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.endpoint);
    let orders = Running::start(&orders(), &[("WORK_UNITS", "1"), tracing]);
    let url = format!("http://{}", orders.address());
    let shop =
        Running::start(Path::new(env!("CARGO_BIN_EXE_shop")), &[("ORDERS_URL", &url), tracing]);
    get(&shop.address(), "/price/tea");

    // Two of the shop and one of orders, in any order.
    let spans = [(); 3].map(|()| collector.next());
    let named = |name: &str| {
        let found = spans.iter().find(|span| span.name == name);
        found.unwrap_or_else(|| panic!("no {name} among {spans:?}"))
    };
    let (offer, price) = (named("GET /price/<item>"), named("GET /orders/price/<item>"));
    let ask = named("GET");
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    for span in &spans {
        assert_eq!(hex(&span.trace_id), TRACE, "{}", span.name);
    }
    assert_eq!(hex(&offer.parent_span_id), "00f067aa0ba902b7");
    assert_eq!(ask.parent_span_id, offer.span_id);
    assert_eq!(price.parent_span_id, ask.span_id);
}
