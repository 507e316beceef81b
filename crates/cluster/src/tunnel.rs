//! Prometheus and Alertmanager at an address of this machine: a listener on loopback that hands
//! questions on to one pod.
//!
//! To one pod, and not to a Service: two replicas scrape at different moments, and a promise would
//! flip between two looks. Only what reads is let through, and only for clients that mean this
//! address: a page in a browser cannot ask.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use crate::api::Api;
use crate::pod::{PodPort, Question};

/// What may be asked: what reads.
const PATHS: [&str; 11] = [
    "/-/healthy",
    "/-/ready",
    "/metrics",
    "/api/v1/query",
    "/api/v1/query_range",
    "/api/v1/series",
    "/api/v1/labels",
    "/api/v1/label/",
    "/api/v1/rules",
    "/api/v1/targets",
    "/api/v2/",
];
/// Longest question, in bytes.
const LONGEST: usize = 1 << 20;
/// How long one answer may take: longer than the patience of most who ask.
const TIME_OUT: Duration = Duration::from_secs(30);
/// Connections served at once.
const CONNECTIONS: usize = 64;

/// What a tunnel lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allows {
    /// What reads Prometheus or Alertmanager.
    Reading,
    /// Everything, from inside of the pod, where control routes may be used: for a tale's own
    /// script and a pod of its own stage, for as long as it runs.
    All,
}

/// A listener, which closes when it is dropped.
#[derive(Debug)]
pub struct Tunnel {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Tunnel {
    /// Opens one to a pod, on a free port.
    ///
    /// # Errors
    /// No port can be opened.
    pub async fn open(api: Api, server: PodPort, allows: Allows) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(serve(listener, (address, allows), api, server));
        Ok(Self { address, task })
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, at: (SocketAddr, Allows), api: Api, server: PodPort) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        if connections.len() >= CONNECTIONS {
            connections.join_next().await;
        }
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let (api, server) = (api.clone(), server.clone());
        connections.spawn(async move {
            let service = service_fn(move |request| {
                let (api, server) = (api.clone(), server.clone());
                async move { Ok::<_, Infallible>(answer(request, at, &api, &server).await) }
            });
            let mut http = hyper::server::conn::http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(300));
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    (address, allows): (SocketAddr, Allows),
    api: &Api,
    server: &PodPort,
) -> Response<Full<Bytes>> {
    if let Err((status, why)) = allowed(&request, address, allows) {
        return text(status, why);
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, LONGEST).collect().await else {
        return text(StatusCode::PAYLOAD_TOO_LARGE, "the question is too long\n");
    };
    let content = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content = content.unwrap_or("application/x-www-form-urlencoded").to_owned();
    let target = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let (method, content_type, body) = (parts.method, content, body.to_bytes());
    let question = Question { method, target, content_type, body };
    let answered = match allows {
        Allows::Reading => server.ask(api, question, TIME_OUT).await,
        Allows::All => server.ask_inside(api, question, TIME_OUT).await,
    };
    match answered {
        Ok((status, body)) => {
            let mut response = Response::new(Full::from(body));
            *response.status_mut() = status;
            response
                .headers_mut()
                .insert(CONTENT_TYPE, "application/json".parse().expect("a name"));
            response
        }
        Err(why) => text(StatusCode::BAD_GATEWAY, format!("{why}\n")),
    }
}

fn allowed(
    request: &Request<Incoming>,
    address: SocketAddr,
    allows: Allows,
) -> Result<(), (StatusCode, &'static str)> {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    if host != Some(address.to_string().as_str()) {
        return Err((StatusCode::FORBIDDEN, "this is not the address that you mean\n"));
    }
    let path = request.uri().path();
    if allows == Allows::All && !path.contains("..") {
        return Ok(());
    }
    let reads = PATHS.iter().any(|known| path.starts_with(known));
    if !reads || path.contains("..") {
        return Err((StatusCode::NOT_FOUND, "only what reads Prometheus or Alertmanager\n"));
    }
    if ![Method::GET, Method::POST].contains(request.method())
        || path.starts_with("/api/v2/") && request.method() != Method::GET
    {
        return Err((StatusCode::METHOD_NOT_ALLOWED, "only what reads\n"));
    }
    Ok(())
}

fn text(status: StatusCode, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text.into()));
    *response.status_mut() = status;
    response
}
