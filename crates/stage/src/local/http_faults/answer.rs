//! One request through the reverse proxy, and its answer back.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chaos::fault::HttpFault;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::timeout;

use super::rules::{self, Head};
use super::{change, faults, hold};
use crate::local::proxy::connect;
use crate::local::traffic::Route;

/// A body that is patched is held in memory as a whole; a larger one is answered with 502.
const MOST_BODY: usize = 16 * 1024 * 1024;
/// Bodies that are collected at the same time; further ones wait.
static COLLECTED: Semaphore = Semaphore::const_new(16);
/// A body that is patched has to be there by then.
const COLLECTED_WITHIN: Duration = Duration::from_secs(30);

type Body = BoxBody<Bytes, Failure>;
pub(super) type Upstream = Mutex<Option<SendRequest<Body>>>;

/// Why there is no answer as usual.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("aborted by an HTTP fault")]
    Aborted,
    #[error(transparent)]
    Unsayable(#[from] change::Unsayable),
    #[error("the body is no JSON, so nothing can be merged into it")]
    NoJson(#[from] serde_json::Error),
    #[error("{0} cannot be reached")]
    Unreachable(SocketAddr),
    #[error("the body cannot be changed: {0}")]
    Body(String),
    #[error(transparent)]
    Http(#[from] hyper::Error),
}

/// The answer; an error drops the connection.
pub(super) async fn answer(
    request: Request<Incoming>,
    route: &Route,
    upstream: &Upstream,
) -> Result<Response<Body>, Failure> {
    match exchange(request, route, upstream).await {
        Err(why @ (Failure::Unreachable(_) | Failure::Body(_) | Failure::Http(_))) => {
            Ok(bad_gateway(&why.to_string()))
        }
        outcome => outcome,
    }
}

/// Which faults hit is decided before the first of them changes anything, as in Chaos Mesh's proxy; those of the response
/// see the request as the pod did.
async fn exchange(
    request: Request<Incoming>,
    route: &Route,
    upstream: &Upstream,
) -> Result<Response<Body>, Failure> {
    let (mut parts, body) = request.into_parts();
    let mut body = body.map_err(Failure::Http).boxed();
    let asked = Head::of(&parts);
    for fault in hitting(route, |fault| rules::hits_request(fault, &asked)) {
        abort_or_delay(&fault, route).await?;
        change::request_line(&fault, &mut parts.method, &mut parts.uri)?;
        change::headers(&fault, &mut parts.headers)?;
        body = changed(&fault, body, &mut parts.headers).await?;
    }
    let sent = Head::of(&parts);
    let response = send(Request::from_parts(parts, body), route, upstream).await?;
    let (mut parts, body) = response.into_parts();
    let mut body = body.map_err(Failure::Http).boxed();
    let (status, headers) = (parts.status, parts.headers.clone());
    for fault in hitting(route, |fault| {
        rules::hits_response(fault, &sent, status, &headers)
    }) {
        abort_or_delay(&fault, route).await?;
        change::status(&fault.replace, &mut parts.status)?;
        change::headers(&fault, &mut parts.headers)?;
        body = changed(&fault, body, &mut parts.headers).await?;
    }
    Ok(Response::from_parts(parts, body))
}

/// In the order of the experiments' ids.
fn hitting(route: &Route, hits: impl Fn(&HttpFault) -> bool) -> Vec<Arc<HttpFault>> {
    let all = faults(route).into_iter().map(|(fault, _)| fault);
    all.filter(|fault| hits(fault)).collect()
}

async fn abort_or_delay(fault: &Arc<HttpFault>, route: &Route) -> Result<(), Failure> {
    if fault.abort {
        return Err(Failure::Aborted);
    }
    if let Some(delay) = fault.delay {
        hold(delay, fault, route).await;
    }
    Ok(())
}

/// The body as the fault leaves it. One that is replaced is never read: it may have no end.
async fn changed(fault: &HttpFault, body: Body, headers: &mut HeaderMap) -> Result<Body, Failure> {
    if !change::concerns_body(fault) {
        return Ok(body);
    }
    let old = match &fault.replace.body {
        Some(_) => Vec::new(),
        None => collected(body).await?,
    };
    Ok(whole(change::body(fault, old, headers)?))
}

async fn collected(body: Body) -> Result<Vec<u8>, Failure> {
    let collect = async {
        let _permit = COLLECTED.acquire().await;
        Limited::new(body, MOST_BODY).collect().await
    };
    let late = |_| Failure::Body(format!("it is not there after {COLLECTED_WITHIN:?}"));
    let all = timeout(COLLECTED_WITHIN, collect).await.map_err(late)?;
    let all = all.map_err(|why| Failure::Body(why.to_string()))?;
    Ok(all.to_bytes().into())
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
    upstream: &Upstream,
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
