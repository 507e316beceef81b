//! HTTP faults: connections to a pod that has some go through a reverse proxy, which breaks the messages that they hit.
//!
//! Whether a connection goes this way is decided when it is opened: as with Chaos Mesh, connections that were open before
//! are not affected. Which faults hit is decided for every request, so a mended pod is mended at once. Bytes that do not
//! look like HTTP/1 are passed through, as they are without a fault; a client that waits for the server to speak first
//! waits until the fault is over. Upgrades (WebSocket) are not passed on.

mod answer;
mod change;
mod rules;

use std::sync::Arc;
use std::time::{Duration, Instant};

use chaos::fault::HttpFault;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, duplex};
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use super::traffic::{Route, Way, address, at, to_the_end};
use answer::answer;

pub(crate) use change::{check, decode};

/// Bytes between the client and the reverse proxy, each way.
const BUFFER: usize = 16 * 1024;

/// Whether a new connection has to go through [`serve`]. Waits for the client's first bytes when there is a fault.
pub(crate) async fn concern(client: &TcpStream, route: &Route) -> bool {
    let mut changes = route.traffic.http.changes();
    let mut first = [0; 16];
    loop {
        let Some(lapse) = faults(route).iter().map(|(_, until)| *until).min() else {
            return false;
        };
        tokio::select! {
            peeked = client.peek(&mut first) => {
                return looks_like_http(&first[..peeked.unwrap_or(0)]);
            }
            _ = changes.changed() => {}
            () = at(Some(lapse)) => {}
        }
    }
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
    let to_server = to_the_end(read, requests, route, Way::ToServer);
    let to_client = to_the_end(answers, write, route, Way::ToClient);
    let served = async { tokio::join!(reverse_proxy(inside, route), to_client) };
    let client_fails = async {
        if to_server.await.is_ok() {
            // The end of the requests is not yet the end of the answers.
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        _ = served => {}
        () = client_fails => {}
    }
}

async fn reverse_proxy(stream: impl AsyncRead + AsyncWrite + Unpin, route: &Route) {
    let upstream = Mutex::new(None);
    let service = service_fn(|request| answer(request, route, &upstream));
    let mut http = hyper::server::conn::http1::Builder::new();
    // An error is an abort, or one side went away; dropping the connection passes that on.
    let _ = http
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// What is on the pod's port now, and when each lapses.
fn faults(route: &Route) -> Vec<(Arc<HttpFault>, Instant)> {
    let (pod, port) = (address(route.server), route.server.port());
    let faults = route.traffic.http.of(pod, Instant::now()).into_iter();
    faults.filter(|(fault, _)| fault.port == port).collect()
}

/// Waits for so long, and no longer than the fault lasts.
async fn hold(delay: Duration, fault: &Arc<HttpFault>, route: &Route) {
    let mut changes = route.traffic.http.changes();
    let end = Instant::now() + delay;
    loop {
        let faults = faults(route);
        let Some((_, until)) = faults.iter().find(|(one, _)| Arc::ptr_eq(one, fault)) else {
            return;
        };
        tokio::select! {
            () = at(Some(end)) => return,
            () = at(Some(*until)) => return,
            _ = changes.changed() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::looks_like_http;

    #[test]
    fn http_is_told_from_other_bytes_by_its_first_word() {
        for (bytes, expected) in [
            (&b"GET / HTTP/1.1"[..], true),
            (b"OPTIONS * HTTP/1", true),
            (b"PO", true),
            (b"PRI * HTTP/2.0", false),
            (b"\x16\x03\x01", false),
            (b"get /", false),
            (b" GET", false),
            (b"", false),
        ] {
            assert_eq!(looks_like_http(bytes), expected, "{bytes:?}");
        }
    }
}
