//! One request and its response, under the faults that hit them.

use std::sync::Arc;

use chaos::fault::HttpFault;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, StatusCode};

use super::rules::{self, Head};
use super::{Body, Connection, Failure, change, faults, hold, upstream};

/// A body that is changed is held in memory as a whole; a larger one is answered with 502.
const MOST_BODY: usize = 16 * 1024 * 1024;

pub(super) async fn answer(
    request: Request<Incoming>,
    connection: &Connection<'_>,
) -> Result<Response<Body>, Failure> {
    let (mut parts, body) = request.into_parts();
    let mut body = body.map_err(Failure::Http).boxed();
    let head = Head::of(&parts);
    for fault in hits(connection, |fault| rules::hits_request(fault, &head)) {
        if !abort_or_delay(&fault, connection).await? {
            continue;
        }
        change::request_line(&fault, &mut parts.method, &mut parts.uri)?;
        change::headers(&fault, &mut parts.headers)?;
        if change::needs_body(&fault) {
            body = match changed(&fault, body, &mut parts.headers).await {
                Ok(body) => body,
                Err(why) => return Ok(bad_gateway(&why.to_string())),
            };
        }
    }
    // For responses, the request counts as the pod has seen it.
    let head = Head::of(&parts);
    let response = match upstream::send(Request::from_parts(parts, body), connection).await {
        Ok(response) => response,
        Err(why) => return Ok(bad_gateway(&why.to_string())),
    };
    let (mut parts, body) = response.into_parts();
    let mut body = body.map_err(Failure::Http).boxed();
    let (status, headers) = (parts.status, parts.headers.clone());
    let hit = |fault: &HttpFault| rules::hits_response(fault, &head, status, &headers);
    for fault in hits(connection, hit) {
        if !abort_or_delay(&fault, connection).await? {
            continue;
        }
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

/// All faults that hit a message are found before the first changes it: as with Chaos Mesh's proxy, none makes room for
/// another, nor hides the message from it. They then take their turns.
fn hits(connection: &Connection<'_>, hit: impl Fn(&HttpFault) -> bool) -> Vec<Arc<HttpFault>> {
    let faults = faults(connection.route).into_iter();
    faults
        .map(|(fault, _)| fault)
        .filter(|fault| hit(fault))
        .collect()
}

/// Whether the fault is still there after that.
async fn abort_or_delay(
    fault: &Arc<HttpFault>,
    connection: &Connection<'_>,
) -> Result<bool, Failure> {
    // It may have ended while another one held the message back.
    if hold::lasts(fault, connection.route).is_none() {
        return Ok(false);
    }
    match fault.delay {
        _ if fault.abort => Err(Failure::Aborted),
        Some(delay) => hold::delay(fault, delay, connection).await,
        None => Ok(true),
    }
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
