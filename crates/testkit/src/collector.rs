//! A trace collector for tests: takes OTLP over HTTP and keeps the spans.

pub use opentelemetry_proto::tonic::common::v1::any_value::Value;
pub use opentelemetry_proto::tonic::trace::v1::{Span, status::StatusCode};

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

/// How long a span may take before a test gives up. Far more than it takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A collector on a port of its own, in threads that end with the process.
pub struct Collector {
    /// What `OTEL_EXPORTER_OTLP_ENDPOINT` has to say.
    pub endpoint: String,
    spans: Receiver<Span>,
}

impl Collector {
    /// Listens.
    ///
    /// # Panics
    /// If there is no free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it has an address");
        let endpoint = format!("http://{address}");
        let (tell, spans) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let tell = tell.clone();
                std::thread::spawn(move || serve(stream, &tell));
            }
        });
        Self { endpoint, spans }
    }

    /// The next span.
    ///
    /// # Panics
    /// If there is none within half a minute.
    pub fn next(&self) -> Span {
        self.spans.recv_timeout(PATIENCE).expect("a span in time")
    }

    /// The next span with this name.
    ///
    /// # Panics
    /// If none comes for half a minute.
    pub fn span(&self, name: &str) -> Span {
        loop {
            let span = self.spans.recv_timeout(PATIENCE);
            let span = span.unwrap_or_else(|_| panic!("no span named {name}"));
            if span.name == name {
                return span;
            }
        }
    }

    /// Everything that has arrived so far.
    pub fn drain(&self) -> Vec<Span> {
        self.spans.try_iter().collect()
    }
}

/// Answers requests on one connection until it is closed.
fn serve(stream: TcpStream, tell: &Sender<Span>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let request = ExportTraceServiceRequest::decode(body.as_slice()).ok()?;
        let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        for span in scopes.flat_map(|scope| scope.spans) {
            tell.send(span).ok()?;
        }
        reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").ok()?;
    }
}
