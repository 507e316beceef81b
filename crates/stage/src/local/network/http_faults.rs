//! HTTP faults: connections to a pod that has some go through a reverse proxy, which breaks the
//! messages that they hit.
//!
//! Whether a connection goes this way is decided when it is opened: as with Chaos Mesh, connections
//! that were open before are not affected. Which faults hit is decided for every request, so a
//! mended pod is mended at once. Bytes that do not look like HTTP/1 are passed through, as they are
//! without a fault; a client that waits for the server to speak first waits as long as there is a
//! fault. Upgrades (WebSocket) are not passed on.
//!
//! `exchange` is where requests and responses meet their faults; `rules` says which, `change` and
//! `body` what becomes of them.

mod body;
mod change;
mod exchange;
mod hold;
mod rules;
mod upstream;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use chaos::fault::HttpFault;
use http_body_util::combinators::BoxBody;
use hyper::body::Bytes;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, duplex};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::traffic::{Direction, Route, ipv4, to_the_end};
use upstream::Upstream;

pub(crate) use change::check;

/// Bytes between the client and the reverse proxy, each way.
const BUFFER: usize = 16 * 1024;

type Body = BoxBody<Bytes, Failure>;

/// Why the pod does not answer as usual. Returned to hyper, it drops the connection.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("aborted by an HTTP fault")]
    Aborted,
    #[error("the client is gone")]
    ClientGone,
    #[error(transparent)]
    NotAllowed(#[from] change::NotAllowed),
    #[error("{0} cannot be reached")]
    Unreachable(SocketAddr),
    #[error("the body cannot be patched: {0}")]
    Body(String),
    #[error("a body that is not JSON cannot be patched: {0}")]
    NotJson(serde_json::Error),
    #[error(transparent)]
    Http(#[from] hyper::Error),
}

/// What the requests of one client have in common.
struct Connection<'a> {
    route: &'a Route,
    upstream: Upstream,
    /// Whether the client has ended its requests.
    client_gone: watch::Receiver<bool>,
}

/// Whether a new connection has to go through [`serve`]. Waits for the client's first bytes when
/// there is a fault.
pub(crate) async fn apply_to(client: &TcpStream, route: &Route) -> bool {
    if faults(route).is_empty() {
        return false;
    }
    let mut buffer = [0; 16];
    let first = hold::first_bytes(client, route, &mut buffer).await;
    first.is_some_and(looks_like_http)
}

/// A method is upper-case letters and a blank. `PRI` opens HTTP/2, which is not taken apart here.
fn looks_like_http(bytes: &[u8]) -> bool {
    let word = bytes.split(|b| *b == b' ').next().unwrap_or_default();
    !word.is_empty() && word.iter().all(u8::is_ascii_uppercase) && word != b"PRI"
}

/// Serves one connection to its end, also under the network faults of both pods.
pub(crate) async fn serve(client: TcpStream, route: Route) {
    let route = &route;
    let (read, write) = client.into_split();
    let (outside, inside) = duplex(BUFFER);
    let (answers, requests) = tokio::io::split(outside);
    let (set_client_gone, client_gone) = watch::channel(false);
    let connection = Connection { route, upstream: Upstream::default(), client_gone };
    let to_server = async {
        match to_the_end(read, requests, route, Direction::ToServer).await {
            // The end of the requests is not yet the end of the answers; nor is it when the reverse
            // proxy takes no more.
            Ok(()) => {
                set_client_gone.send_replace(true);
                std::future::pending().await
            }
            Err(why) if why.kind() == ErrorKind::BrokenPipe => std::future::pending().await,
            Err(_reset) => {}
        }
    };
    let to_client = to_the_end(answers, write, route, Direction::ToClient);
    let proxied = async {
        reverse_proxy(inside, &connection).await;
        Ok(())
    };
    // A client that is gone ends everything: the reverse proxy itself would wait for it for ever.
    tokio::select! {
        _ = async { tokio::try_join!(proxied, to_client) } => {}
        () = to_server => {}
    }
}

async fn reverse_proxy(stream: impl AsyncRead + AsyncWrite + Unpin, connection: &Connection<'_>) {
    let service = service_fn(|request| exchange::answer(request, connection));
    let mut http = hyper::server::conn::http1::Builder::new();
    // An error is an abort, or one side went away; dropping the connection passes that on.
    let _ = http.half_close(true).serve_connection(TokioIo::new(stream), service).await;
}

/// What is on the pod for this port, and when each lapses.
fn faults(route: &Route) -> Vec<(Arc<HttpFault>, Instant)> {
    let (pod, port) = (ipv4(route.server), route.server.port());
    let faults = route.traffic.http.active_on(pod, Instant::now()).into_iter();
    faults.filter(|(fault, _)| fault.port == port).collect()
}

#[cfg(test)]
mod tests;
