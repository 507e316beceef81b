//! A connection: to the server itself, or through the proxy that the environment names.

use std::time::Duration;

use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::address::Address;

/// A server that does not take a connection by then takes none.
const CONNECT: Duration = Duration::from_secs(5);
/// Longest answer of a proxy to CONNECT.
const LONGEST_HEAD: usize = 16 * 1024;

/// Where to connect, and how to ask.
pub(super) struct Route(Option<Intercept>);

impl Route {
    /// By `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`. What is on this machine needs
    /// none.
    pub(super) fn to(address: &Address) -> Self {
        if address.is_loopback() {
            return Self(None);
        }
        let uri = address.shown().parse().ok();
        Self(uri.and_then(|uri| Matcher::from_env().intercept(&uri)))
    }

    /// Whom a proxy of plain HTTP knows: the value of `Proxy-Authorization`.
    pub(super) fn forwards(&self, address: &Address) -> Option<Option<hyper::header::HeaderValue>> {
        let proxy = self.0.as_ref().filter(|_| !address.encrypted)?;
        Some(proxy.basic_auth().cloned())
    }

    /// An open connection to the server, or to a proxy that passes everything on.
    pub(super) async fn connect(&self, address: &Address) -> Result<TcpStream, String> {
        let Some(proxy) = &self.0 else {
            return tcp(&address.host, address.port).await;
        };
        let uri = proxy.uri();
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let port = uri.port_u16().unwrap_or(80);
        if uri.scheme_str() != Some("http") {
            return Err("the proxy is not one of HTTP; name one with http:// in front".to_owned());
        }
        let by_proxy = |why: String| format!("the proxy {host}:{port}: {why}");
        let stream = tcp(host, port).await.map_err(by_proxy)?;
        if !address.encrypted {
            return Ok(stream);
        }
        let tunnel = timeout(CONNECT, tunnel(stream, address, proxy)).await;
        tunnel.map_err(|_| by_proxy("no answer".to_owned()))?.map_err(by_proxy)
    }
}

async fn tcp(host: &str, port: u16) -> Result<TcpStream, String> {
    match timeout(CONNECT, TcpStream::connect((host, port))).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(why)) => Err(why.to_string()),
        Err(_) => Err(format!("no connection within {} s", CONNECT.as_secs())),
    }
}

async fn tunnel(
    mut stream: TcpStream,
    address: &Address,
    proxy: &Intercept,
) -> Result<TcpStream, String> {
    let to = if address.host.contains(':') {
        format!("[{}]", address.host)
    } else {
        address.host.clone()
    };
    let to = format!("{to}:{}", address.port);
    let login = proxy.basic_auth().and_then(|value| value.to_str().ok());
    let login = login.map(|value| format!("Proxy-Authorization: {value}\r\n")).unwrap_or_default();
    let request = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n{login}\r\n");
    stream.write_all(request.as_bytes()).await.map_err(|why| why.to_string())?;
    let mut head = Vec::new();
    // Byte by byte: what comes behind the head belongs to TLS.
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > LONGEST_HEAD {
            return Err("its answer never ends".to_owned());
        }
        head.push(stream.read_u8().await.map_err(|why| why.to_string())?);
    }
    let head = String::from_utf8_lossy(&head);
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status == "200" { Ok(stream) } else { Err(format!("refuses to connect: HTTP {status}")) }
}
