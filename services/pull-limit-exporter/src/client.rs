//! One request to a registry, over TLS or not: bounded in time and in size, and with a name that is
//! looked up again each time.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{HeaderMap, Method, Request};
use hyper_util::rt::TokioIo;
use instrument::dns::Resolver;
use rocket::tokio::io::{AsyncRead, AsyncWrite};
use rocket::tokio::net::TcpStream;
use rocket::tokio::task::JoinSet;
use rocket::tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::finding::Failure;

/// Longest body that is read: a token has a few thousand bytes.
const MAX_BODY: usize = 64 << 10;

/// Asks.
#[derive(Clone)]
pub struct Client {
    resolver: Resolver,
    /// How long an answer may take.
    patience: Duration,
    tls: TlsConnector,
}

/// Where to.
pub struct To<'t> {
    /// Over TLS.
    pub is_secret: bool,
    /// Whom.
    pub host: &'t str,
    /// At which port.
    pub port: u16,
}

/// What came back.
pub struct Reply {
    /// Its status.
    pub status: u16,
    headers: HeaderMap,
    /// As much as a token may have.
    pub body: Vec<u8>,
}

impl Reply {
    /// A header that is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Client {
    /// One that trusts what the system trusts, and the certificates of a file.
    ///
    /// # Errors
    /// The file holds none.
    pub fn new(
        resolver: Resolver,
        patience: Duration,
        trusted: Option<&Path>,
    ) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        // Some of a system's certificates may be odd; what counts is that there are others.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(file) = trusted {
            let found = CertificateDer::pem_file_iter(file).map_err(|why| why.to_string())?;
            let found: Result<Vec<_>, _> = found.collect();
            let (added, _) = roots.add_parsable_certificates(found.map_err(|why| why.to_string())?);
            if added == 0 {
                return Err("it holds no certificate".to_owned());
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|why| why.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { resolver, patience, tls: TlsConnector::from(Arc::new(config)) })
    }

    /// Sends one request without a body.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn ask(
        &self,
        method: Method,
        to: &To<'_>,
        path: &str,
        headers: &[(&str, String)],
    ) -> Result<Reply, Failure> {
        timeout(self.patience, self.exchange(method, to, path, headers))
            .await
            .map_err(|_| Failure::Timeout)?
    }

    async fn exchange(
        &self,
        method: Method,
        to: &To<'_>,
        path: &str,
        headers: &[(&str, String)],
    ) -> Result<Reply, Failure> {
        let stream = self.connect(to).await?;
        let mut request = Request::builder().method(method).uri(path);
        let host = match (to.host.contains(':'), to.is_secret, to.port) {
            (_, true, 443) | (_, false, 80) => to.host.to_owned(),
            (true, ..) => format!("[{}]:{}", to.host, to.port),
            (false, ..) => format!("{}:{}", to.host, to.port),
        };
        request = request.header("Host", host).header("User-Agent", "pull-limit-exporter");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Empty::<Bytes>::new()).map_err(|_| Failure::Malformed)?;
        if !to.is_secret {
            return send(stream, request).await;
        }
        let name = ServerName::try_from(to.host.to_owned()).map_err(|_| Failure::Tls)?;
        let stream = self.tls.connect(name, stream).await.map_err(|why| {
            tracing::debug!(%why, host = to.host, "no TLS");
            Failure::Tls
        })?;
        send(stream, request).await
    }

    /// The first of its addresses that answers.
    async fn connect(&self, to: &To<'_>) -> Result<TcpStream, Failure> {
        let addresses = match to.host.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => self.resolver.lookup(to.host).await.map_err(|_| Failure::NotFound)?,
        };
        for address in addresses {
            if let Ok(stream) = TcpStream::connect(SocketAddr::new(address, to.port)).await {
                return Ok(stream);
            }
        }
        Err(Failure::Unreachable)
    }
}

async fn send(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Empty<Bytes>>,
) -> Result<Reply, Failure> {
    let broken = |_: hyper::Error| Failure::Malformed;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let mut running = JoinSet::new(); // ends with this function
    running.spawn(connection);
    let (head, body) = sender.send_request(request).await.map_err(broken)?.into_parts();
    let body = Limited::new(body, MAX_BODY).collect().await;
    let body = body.map_err(|why| {
        tracing::debug!(why = %io::Error::other(why), "an answer was not read");
        Failure::Malformed
    })?;
    let body = body.to_bytes().to_vec();
    Ok(Reply { status: head.status.as_u16(), headers: head.headers, body })
}
