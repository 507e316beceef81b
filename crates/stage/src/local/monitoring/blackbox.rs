//! The stage's own black-box prober: `/probe?target=..&module=http_2xx`, as the exporter of that
//! name answers it.
//!
//! A probe follows no redirects and asks nobody outside this machine. Names are looked up in the
//! stage's own table, as a client outside all namespaces would: `web.demo`, `web.demo.svc` or the
//! full name.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use crate::local::http;
use crate::local::network::{Zone, look_up};
use crate::manifest::Target;

/// The one module.
pub(super) const MODULE: &str = "http_2xx";
/// What Prometheus sends as its own time-out.
const TIME_OUT_HEADER: &str = "x-prometheus-scrape-timeout-seconds";
/// The answer has to reach Prometheus before it gives up; as the exporter has it, as long as that
/// leaves half.
const HEAD_START: f64 = 0.5;
/// Without the header.
const TIME_OUT: f64 = 10.0;
/// Prometheus keeps a connection per target.
const MAX_CONNECTIONS: usize = 256;

/// Serves probes at an address of its own until the task is aborted.
pub(super) async fn start(ip: Ipv4Addr, zone: Zone) -> io::Result<(SocketAddr, JoinHandle<()>)> {
    let listener = TcpListener::bind((ip, 0)).await?;
    let address = listener.local_addr()?;
    Ok((address, tokio::spawn(serve(listener, zone))))
}

async fn serve(listener: TcpListener, zone: Zone) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        if connections.len() >= MAX_CONNECTIONS {
            connections.join_next().await;
        }
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let zone = zone.clone();
        connections.spawn(async move {
            let service = service_fn(|request| answer(request, &zone));
            let mut http = hyper::server::conn::http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(300));
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    zone: &Zone,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let bad = |why: &str| {
        let mut response = Response::new(Full::from(format!("{why}\n")));
        *response.status_mut() = StatusCode::BAD_REQUEST;
        Ok(response)
    };
    let query = request.uri().query().unwrap_or_default();
    if request.uri().path() != "/probe" {
        return bad("only /probe is served here");
    }
    if parameter(query, "module").is_some_and(|module| module != MODULE) {
        return bad("unknown module; write http_2xx");
    }
    let target = parameter(query, "target").and_then(|target| Target::parse(&target));
    let Some(target) = target else {
        return bad("target is missing, or not an http:// URL");
    };
    let header = request.headers().get(TIME_OUT_HEADER);
    let seconds = header.and_then(|value| value.to_str().ok()?.parse().ok());
    let start = Instant::now();
    let status = probe(&target, zone, time_out(seconds)).await;
    Ok(Response::new(Full::from(metrics(status, start.elapsed()))))
}

fn time_out(scrape: Option<f64>) -> Duration {
    let scrape = scrape.filter(|s| (0.001..=600.0).contains(s)).unwrap_or(TIME_OUT);
    Duration::from_secs_f64((scrape - HEAD_START).max(scrape / 2.0))
}

/// The status code, if there was an answer.
async fn probe(target: &Target, zone: &Zone, within: Duration) -> Option<u16> {
    let ip = target.ip().or_else(|| look_up(zone, &target.host).first().copied());
    let ip = ip.filter(Ipv4Addr::is_loopback)?;
    let address = SocketAddr::from((ip, target.port));
    let answer = http::request("GET", address, &target.path, within).await;
    answer.ok().map(|(status, _)| status)
}

fn metrics(status: Option<u16>, took: Duration) -> String {
    let success = u8::from(status.is_some_and(|status| (200..300).contains(&status)));
    let samples = [
        ("probe_success", "Whether the probe was a success", success.to_string()),
        ("probe_duration_seconds", "How long the probe took", took.as_secs_f64().to_string()),
        (
            "probe_http_status_code",
            "Status code of the answer, 0 without one",
            status.unwrap_or(0).to_string(),
        ),
    ];
    samples
        .map(|(name, help, value)| {
            format!("# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n")
        })
        .concat()
}

/// One parameter of a query.
fn parameter(query: &str, name: &str) -> Option<String> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let value = pairs.find(|(key, _)| *key == name)?.1;
    Some(http::decode(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_ends_before_prometheus_gives_up() {
        for (scrape, expected) in [
            (Some(1.0), 500),
            (Some(0.2), 100),
            (Some(10.0), 9_500),
            (None, 9_500),
            (Some(-1.0), 9_500),
        ] {
            assert_eq!(time_out(scrape), Duration::from_millis(expected), "{scrape:?}");
        }
    }

    #[test]
    fn only_a_2xx_is_a_success() {
        for (status, success) in
            [(Some(200), 1), (Some(204), 1), (Some(301), 0), (Some(503), 0), (None, 0)]
        {
            let text = metrics(status, Duration::from_millis(5));
            assert!(text.contains(&format!("\nprobe_success {success}\n")), "{text}");
            assert!(
                text.contains(&format!("\nprobe_http_status_code {}\n", status.unwrap_or(0))),
                "{text}"
            );
            assert!(text.contains("\nprobe_duration_seconds 0.005\n"), "{text}");
        }
    }

    #[test]
    fn parameters_are_decoded() {
        let query = "module=http_2xx&target=http%3A%2F%2Fweb.demo%3A8000%2F";
        assert_eq!(parameter(query, "target").unwrap(), "http://web.demo:8000/");
        assert_eq!(parameter(query, "other"), None);
    }
}
