//! HTTP faults: connections to a pod that has some go through a reverse proxy, which breaks the messages that they hit.
//!
//! Whether a connection goes this way is decided when it is opened: as with Chaos Mesh, connections that were open before
//! are not affected. Which faults hit is decided for every request, so a mended pod is mended at once. Bytes that do not
//! look like HTTP/1 are passed through, as they are without a fault; a client that waits for the server to speak first
//! waits for ever. Upgrades (WebSocket) are not passed on.

mod change;
mod rules;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use chaos::fault::HttpFault;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, duplex};
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use super::proxy::connect;
use super::traffic::{Route, Way, address, to_the_end};
use rules::Head;

pub(crate) use change::{check, decode};

/// Bytes between the client and the reverse proxy, each way.
const BUFFER: usize = 16 * 1024;
/// A body that is changed is held in memory as a whole; a larger one is answered with 502.
const MOST_BODY: usize = 16 * 1024 * 1024;

type Body = BoxBody<Bytes, Failure>;

/// Why there is no answer as usual. From the service itself it drops the connection.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("aborted by an HTTP fault")]
    Aborted,
    #[error(transparent)]
    Unsayable(#[from] change::Unsayable),
    #[error("{0} cannot be reached")]
    Unreachable(SocketAddr),
    #[error("the body cannot be changed: {0}")]
    Body(String),
    #[error(transparent)]
    Http(#[from] hyper::Error),
}

/// Whether a new connection has to go through [`serve`]. Waits for the client's first bytes when there is a fault.
pub(crate) async fn concern(client: &TcpStream, route: &Route) -> bool {
    if faults(route).is_empty() {
        return false;
    }
    let mut first = [0; 16];
    let length = client.peek(&mut first).await.unwrap_or(0);
    looks_like_http(&first[..length])
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
    let to_server = async {
        match to_the_end(read, requests, route, Way::ToServer).await {
            // The end of the requests is not yet the end of the answers; nor is it when the reverse proxy takes no more.
            Ok(()) => std::future::pending().await,
            Err(why) if why.kind() == ErrorKind::BrokenPipe => std::future::pending().await,
            Err(_reset) => {}
        }
    };
    let to_client = to_the_end(answers, write, route, Way::ToClient);
    let proxied = async {
        reverse_proxy(inside, route).await;
        Ok(())
    };
    // A client that is gone ends everything: the reverse proxy itself would wait for it for ever.
    tokio::select! {
        _ = async { tokio::try_join!(proxied, to_client) } => {}
        () = to_server => {}
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

fn faults(route: &Route) -> Vec<Arc<HttpFault>> {
    let (pod, port) = (address(route.server), route.server.port());
    let faults = route.traffic.http.of(pod, Instant::now()).into_iter();
    let faults = faults.map(|(fault, _)| fault);
    faults.filter(|fault| fault.port == port).collect()
}

async fn answer(
    request: Request<Incoming>,
    route: &Route,
    upstream: &Mutex<Option<SendRequest<Body>>>,
) -> Result<Response<Body>, Failure> {
    let (mut parts, body) = request.into_parts();
    let mut body = body.map_err(Failure::Http).boxed();
    for fault in faults(route) {
        let head = Head {
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            headers: parts.headers.clone(),
        };
        if !rules::hits_request(&fault, &head) {
            continue;
        }
        abort_or_delay(&fault).await?;
        change::request_line(&fault, &mut parts.method, &mut parts.uri)?;
        change::headers(&fault, &mut parts.headers)?;
        if change::needs_body(&fault) {
            body = match changed(&fault, body, &mut parts.headers).await {
                Ok(body) => body,
                Err(why) => return Ok(bad_gateway(&why.to_string())),
            };
        }
    }
    let head = Head {
        method: parts.method.clone(),
        uri: parts.uri.clone(),
        headers: parts.headers.clone(),
    };
    let response = match send(Request::from_parts(parts, body), route, upstream).await {
        Ok(response) => response,
        Err(why) => return Ok(bad_gateway(&why.to_string())),
    };
    let (mut parts, body) = response.into_parts();
    let mut body = body.map_err(Failure::Http).boxed();
    for fault in faults(route) {
        if !rules::hits_response(&fault, &head, parts.status, &parts.headers) {
            continue;
        }
        abort_or_delay(&fault).await?;
        change::status(&fault.replace, &mut parts.status)?;
        change::headers(&fault, &mut parts.headers)?;
        if change::needs_body(&fault) {
            body = match changed(&fault, body, &mut parts.headers).await {
                Ok(body) => body,
                Err(why) => return Ok(bad_gateway(&why.to_string())),
            };
        }
    }
    Ok(Response::from_parts(parts, body))
}

async fn abort_or_delay(fault: &HttpFault) -> Result<(), Failure> {
    if fault.abort {
        return Err(Failure::Aborted);
    }
    if let Some(delay) = fault.delay {
        tokio::time::sleep(delay).await;
    }
    Ok(())
}

async fn changed(
    fault: &HttpFault,
    body: Body,
    headers: &mut hyper::HeaderMap,
) -> Result<Body, Failure> {
    let old = Limited::new(body, MOST_BODY).collect().await;
    let old = old.map_err(|why| Failure::Body(why.to_string()))?;
    let new = change::body(fault, old.to_bytes().into(), headers);
    Ok(whole(new))
}

fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed()
}

fn bad_gateway(why: &str) -> Response<Body> {
    let mut response = Response::new(whole(format!("{why}\n")));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
}

/// Sends on the connection that is there, or on a new one when the pod has closed it.
async fn send(
    request: Request<Body>,
    route: &Route,
    upstream: &Mutex<Option<SendRequest<Body>>>,
) -> Result<Response<Incoming>, Failure> {
    let mut upstream = upstream.lock().await;
    let mut request = request;
    if let Some(mut sender) = upstream.take()
        && sender.ready().await.is_ok()
    {
        match sender.try_send_request(request).await {
            Ok(response) => {
                *upstream = Some(sender);
                return Ok(response);
            }
            // Closed in this very moment: if nothing was sent, it can be sent again.
            Err(mut failure) => match failure.take_message() {
                Some(unsent) => request = unsent,
                None => return Err(failure.into_error().into()),
            },
        }
    }
    let pod = route.server;
    let stream = connect(pod).await.ok_or(Failure::Unreachable(pod))?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    // Ends when the sender is dropped with the client's connection, or when the pod hangs up.
    tokio::spawn(connection);
    let response = sender.send_request(request).await?;
    *upstream = Some(sender);
    Ok(response)
}

#[cfg(test)]
mod tests;
