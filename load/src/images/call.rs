//! One request to a registry, on a connection of its own.

use std::net::SocketAddr;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderMap};
use hyper::{Method, Request};
use oci::manifest::{IMAGE, MAX_BYTES};
use resolver::Resolver;
use serde_json::Value;

use crate::plan::Parts;
use crate::send::Connection;

/// Why something was not done.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nobody there, or nothing: perhaps soon.
    NotYet(String),
    /// The answer is no.
    Final(String),
}

/// An answer.
pub(super) struct Reply {
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// Calls one registry.
pub(super) struct Caller {
    parts: Parts,
    resolver: Resolver,
}

impl Caller {
    pub(super) fn new(parts: Parts, resolver: Resolver) -> Self {
        Self { parts, resolver }
    }

    /// Asks for something below `/v2/`, and takes nothing but success.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Reply, Failure> {
        let not_yet = |why: &dyn std::fmt::Display| Failure::NotYet(why.to_string());
        let target = &self.parts.target;
        let found = self.resolver.lookup(&target.host).await.map_err(|why| not_yet(&why))?;
        let addresses: Vec<SocketAddr> =
            found.addresses.iter().map(|ip| SocketAddr::new(*ip, target.port)).collect();
        let mut connection = Connection::open(&addresses).await.map_err(|why| not_yet(&why))?;
        if !connection.is_usable().await {
            return Err(Failure::NotYet("closed as soon as it was open".to_owned()));
        }
        let what = format!("{method} /v2/{path}");
        let request = Request::builder()
            .method(method)
            .uri(format!("/v2/{path}"))
            .header(HOST, self.parts.host.clone())
            .header(ACCEPT, IMAGE)
            .header(CONTENT_TYPE, IMAGE)
            .body(Full::new(Bytes::from(body)));
        let request = request.map_err(|why| Failure::Final(why.to_string()))?;
        let mut body = Vec::new();
        let see =
            |data: &[u8]| body.extend_from_slice(&data[..data.len().min(MAX_BYTES - body.len())]);
        let answer = connection.exchange(request, see).await.map_err(|why| not_yet(&why))?;
        match answer.status {
            200..=299 => Ok(Reply { headers: answer.headers, body }),
            status @ (404 | 500..=599) => Err(Failure::NotYet(refused(&what, status, &body))),
            status => Err(Failure::Final(refused(&what, status, &body))),
        }
    }
}

fn refused(what: &str, status: u16, body: &[u8]) -> String {
    let json = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let said = json["errors"][0]["message"].as_str().unwrap_or_default();
    format!("{what}: status {status} {said}").trim_end().to_owned()
}
