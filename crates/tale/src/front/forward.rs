//! Asks those whom a request concerns, and hands their answer on as it comes.

use std::time::Duration;

use anyhow::{Context, Result};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::handshake;
use hyper::header::{self, HOST, HeaderName, HeaderValue};
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use stage::{NamespacedName, Stage};
use tokio::net::TcpStream;

use super::route::Route;
use super::{Body, said};

/// The longest wait for a connection, and for the beginning of an answer.
const CONNECT: Duration = Duration::from_secs(2);
const ANSWER: Duration = Duration::from_secs(50);
/// The longest query, in bytes.
const LONGEST: usize = 64 * 1024;

/// What is handed on of a request. Cookies are not: none of them is for this.
const ASKED: [HeaderName; 9] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::ACCEPT_LANGUAGE,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::RANGE,
    header::USER_AGENT,
];
/// What is between two neighbours only (RFC 9110, section 7.6.1).
const BETWEEN: [HeaderName; 5] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// The answer of Prometheus, Alertmanager, a Service or a pod; 404 where there is none, and 502
/// where it does not answer.
pub(super) async fn forward(
    request: Request<Incoming>,
    route: &Route,
    stage: &dyn Stage,
) -> Response<Body> {
    let found = match find(route, request.uri(), stage).await {
        Ok(found) => found,
        Err(why) => return said(StatusCode::NOT_FOUND, &format!("{why:#}\n")),
    };
    match ask(request, &found).await {
        Ok(answer) => answer,
        Err(why) => said(StatusCode::BAD_GATEWAY, &format!("{}: {why:#}\n", found.authority)),
    }
}

/// Who is to be asked, and for what.
struct Found {
    authority: String,
    path: String,
}

async fn find(route: &Route, asked: &Uri, stage: &dyn Stage) -> Result<Found> {
    let place = stage.place();
    let here = |path: &str| match asked.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let at = |url: Option<&str>, path: &str| {
        let url = url.context("there is none on this stage")?;
        let authority = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        Ok(Found { authority, path: here(path) })
    };
    match route {
        Route::Prometheus => at(place.prometheus.as_deref(), asked.path()),
        Route::Alertmanager => at(place.alertmanager.as_deref(), asked.path()),
        Route::Service(name, port, path) => {
            let status = stage.status().await?;
            let service = status.service(name);
            let service = service.with_context(|| format!("there is no Service {name}"))?;
            let ip = service.ip.with_context(|| format!("{name} has no address of its own"))?;
            let port = port.or(service.ports.first().copied());
            let port = port.with_context(|| format!("{name} has no port"))?;
            at(Some(&format!("{ip}:{port}")), path)
        }
        Route::Pod(name, path) => {
            let status = stage.status().await?;
            let pod = status.pod(name).with_context(|| format!("there is no pod {name}"))?;
            let owner = pod.owner.strip_prefix("Deployment/");
            let owner = owner.with_context(|| format!("{name} is of no Deployment"))?;
            let doors = stage.admin(&NamespacedName::new(&name.namespace, owner)).await?;
            let door = doors.iter().find(|door| door.pod == name.name);
            let door = door.with_context(|| format!("{name} is not ready"))?;
            at(Some(&door.url), path)
        }
        Route::Page | Route::Report(_) => at(None, ""),
    }
}

async fn ask(request: Request<Incoming>, found: &Found) -> Result<Response<Body>> {
    let (parts, body) = request.into_parts();
    let mut asked = Request::builder().method(parts.method).uri(&found.path);
    asked = asked.header(HOST, HeaderValue::from_str(&found.authority)?);
    for name in ASKED {
        if let Some(value) = parts.headers.get(&name) {
            asked = asked.header(name, value);
        }
    }
    let asked = asked.body(Limited::new(body, LONGEST))?;
    let stream = tokio::time::timeout(CONNECT, TcpStream::connect(&found.authority)).await??;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    // Ends with the answer's body, or when that is dropped.
    tokio::spawn(connection);
    let answer = tokio::time::timeout(ANSWER, sender.send_request(asked)).await??;
    let (mut parts, body) = answer.into_parts();
    for name in BETWEEN {
        parts.headers.remove(name);
    }
    Ok(Response::from_parts(parts, body.boxed()))
}
