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
    for (fault, _) in faults(connection.route) {
        let head = Head {
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            headers: parts.headers.clone(),
        };
        if !rules::hits_request(&fault, &head) {
            continue;
        }
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
    let head = Head {
        method: parts.method.clone(),
        uri: parts.uri.clone(),
        headers: parts.headers.clone(),
    };
    let response = match upstream::send(Request::from_parts(parts, body), connection).await {
        Ok(response) => response,
        Err(why) => return Ok(bad_gateway(&why.to_string())),
    };
    let (mut parts, body) = response.into_parts();
    let mut body = body.map_err(Failure::Http).boxed();
    for (fault, _) in faults(connection.route) {
        if !rules::hits_response(&fault, &head, parts.status, &parts.headers) {
            continue;
        }
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

/// Whether the fault is still there after that.
async fn abort_or_delay(
    fault: &Arc<HttpFault>,
    connection: &Connection<'_>,
) -> Result<bool, Failure> {
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
