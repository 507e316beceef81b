//! One request and its response, under the faults that hit them.

use std::sync::Arc;

use chaos::fault::HttpFault;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};

use super::rules::{self, Head};
use super::{Body, Connection, Failure, body, change, faults, hold, upstream};

/// The answer of the pod, or a 502 when there cannot be one; an error drops the connection.
pub(super) async fn answer(
    request: Request<Incoming>,
    connection: &Connection<'_>,
) -> Result<Response<Body>, Failure> {
    match exchange(request, connection).await {
        Err(why @ (Failure::Unreachable(_) | Failure::Body(_) | Failure::Http(_))) => {
            Ok(bad_gateway(&why.to_string()))
        }
        other => other,
    }
}

async fn exchange(
    request: Request<Incoming>,
    connection: &Connection<'_>,
) -> Result<Response<Body>, Failure> {
    let (mut parts, body) = request.into_parts();
    let mut body = body.map_err(Failure::Http).boxed();
    let head = Head::new(&parts);
    for fault in hits(connection, |fault| rules::hits_request(fault, &head)) {
        if !abort_or_delay(&fault, connection).await? {
            continue;
        }
        change::request_line(&fault, &mut parts.method, &mut parts.uri)?;
        body = body::change(&fault, body, &mut parts.headers).await?;
        change::headers(&fault, &mut parts.headers)?;
    }
    // For responses, the request counts as the pod has seen it.
    let head = Head::new(&parts);
    let request = Request::from_parts(parts, body);
    let (mut parts, body) = upstream::send(request, connection).await?.into_parts();
    let mut body = body.map_err(Failure::Http).boxed();
    let (status, headers) = (parts.status, parts.headers.clone());
    let hit = |fault: &HttpFault| rules::hits_response(fault, &head, status, &headers);
    for fault in hits(connection, hit) {
        if !abort_or_delay(&fault, connection).await? {
            continue;
        }
        change::status(&fault.replace, &mut parts.status)?;
        body = body::change(&fault, body, &mut parts.headers).await?;
        change::headers(&fault, &mut parts.headers)?;
    }
    Ok(Response::from_parts(parts, body))
}

/// All faults that hit a message are found before the first changes it: as with Chaos Mesh's proxy,
/// none makes room for another, nor hides the message from it. They then take their turns.
fn hits(connection: &Connection<'_>, hit: impl Fn(&HttpFault) -> bool) -> Vec<Arc<HttpFault>> {
    let faults = faults(connection.route).into_iter();
    faults.map(|(fault, _)| fault).filter(|fault| hit(fault)).collect()
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

fn bad_gateway(why: &str) -> Response<Body> {
    let mut response = Response::new(body::whole(format!("{why}\n")));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
}
