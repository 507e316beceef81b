//! One request to a registry, on a connection of its own.

use std::net::SocketAddr;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderMap};
use hyper::{Method, Request};
use oci::manifest::{IMAGE, MAX_BYTES};
use oci::{Digest, Hasher};
use resolver::Resolver;
use serde_json::Value;

use crate::plan::Parts;
use crate::send::Connection;

/// What is read of a refusal.
const SAID: usize = 4096;

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
        body: Bytes,
    ) -> Result<Reply, Failure> {
        let mut text = Vec::new();
        let see =
            |data: &[u8]| text.extend_from_slice(&data[..data.len().min(MAX_BYTES - text.len())]);
        let headers = self.exchange(method, path, body, see).await?;
        Ok(Reply { headers, body: text })
    }

    /// Gets something of any length, and how long it is. It has to be what its digest says.
    pub(super) async fn get_blob(&self, path: &str, digest: &Digest) -> Result<usize, Failure> {
        let mut hasher = Hasher::new(digest.algorithm());
        let mut length = 0;
        let see = |data: &[u8]| {
            hasher.update(data);
            length += data.len();
        };
        self.exchange(Method::GET, path, Bytes::new(), see).await?;
        if hasher.finish() != *digest {
            let what = format!("GET /v2/{path}: content is something else than its digest says");
            return Err(Failure::Final(what));
        }
        Ok(length)
    }

    /// The headers of a success, whose body is shown to `see`.
    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        mut see: impl FnMut(&[u8]),
    ) -> Result<HeaderMap, Failure> {
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
            .body(Full::new(body));
        let request = request.map_err(|why| Failure::Final(why.to_string()))?;
        let mut said = Vec::new();
        let show = |data: &[u8]| {
            said.extend_from_slice(&data[..data.len().min(SAID.saturating_sub(said.len()))]);
            see(data);
        };
        let answer = connection.exchange(request, show).await.map_err(|why| not_yet(&why))?;
        match answer.status {
            200..=299 => Ok(answer.headers),
            status @ (404 | 500..=599) => Err(Failure::NotYet(refused(&what, status, &said))),
            status => Err(Failure::Final(refused(&what, status, &said))),
        }
    }
}

fn refused(what: &str, status: u16, body: &[u8]) -> String {
    let json = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let said = json["errors"][0]["message"].as_str().unwrap_or_default();
    format!("{what}: status {status} {said}").trim_end().to_owned()
}
