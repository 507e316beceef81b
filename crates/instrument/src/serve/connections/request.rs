//! From hyper's request to Rocket's, body included.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use hyper::body::{Body, Bytes, Incoming};
use hyper::http::request::Parts;
use rocket::http::uri::Host;
use rocket::http::{Cookie, Header, Method};
use rocket::local::asynchronous::{Client, LocalRequest};
use rocket::tokio::sync::{OwnedSemaphorePermit, Semaphore};
use rocket::tokio::time::timeout;

use super::limits::Limits;
use super::metrics::Reason;
use crate::serve::delay::Delay;

/// Bytes of bodies that are in memory at a time, of all connections together.
pub(super) const BODIES_BYTES: usize = 16 << 20;

/// How long a client that was refused may go on sending.
const LINGER: Duration = Duration::from_secs(1);

/// Why a body is not read to its end.
#[derive(Clone, Copy)]
pub(super) enum Refused {
    /// The client is told, and its connection closed.
    Because(StatusCode, Reason),
    /// It is not there any more.
    Gone,
}

/// Room that a body takes, for as long as this lives.
pub(super) type Room = Option<OwnedSemaphorePermit>;

/// Reads a body, bounded in length, in time, and together with all others.
pub(super) async fn read_body(
    body: &mut Incoming,
    limits: &Limits,
    bodies: &Arc<Semaphore>,
) -> Result<(Vec<u8>, Room), Refused> {
    if body.is_end_stream() {
        return Ok((Vec::new(), None));
    }
    let too_long = Refused::Because(StatusCode::PAYLOAD_TOO_LARGE, Reason::LongBody);
    if usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX) > limits.body_bytes {
        return Err(too_long);
    }
    let whole = async {
        let (mut bytes, mut room) = (Vec::new(), Room::None);
        while let Some(data) = next(body).await.map_err(|_| Refused::Gone)? {
            if bytes.len() + data.len() > limits.body_bytes {
                return Err(too_long);
            }
            // Room is taken as the bytes arrive: who announces much and sends little takes little.
            let more = u32::try_from(data.len()).ok();
            let more = more.and_then(|more| bodies.clone().try_acquire_many_owned(more).ok());
            let Some(more) = more else {
                return Err(Refused::Because(StatusCode::SERVICE_UNAVAILABLE, Reason::ManyBodies));
            };
            match &mut room {
                Some(room) => room.merge(more),
                None => room = Some(more),
            }
            bytes.extend_from_slice(&data);
        }
        Ok((bytes, room))
    };
    let Delay(limit) = limits.body;
    if limit.is_zero() {
        return whole.await;
    }
    let late = Refused::Because(StatusCode::REQUEST_TIMEOUT, Reason::SlowBody);
    timeout(limit, whole).await.unwrap_or(Err(late))
}

/// Throws away what still comes. A socket that is closed while bytes arrive resets the connection,
/// and the client may lose the answer that says why.
pub(super) async fn linger(body: &mut Incoming) {
    let rest = async { while let Ok(Some(_)) = next(body).await {} };
    let _ = timeout(LINGER, rest).await;
}

/// The next bytes; trailers are not for Rocket.
pub(super) async fn next(body: &mut Incoming) -> io::Result<Option<Bytes>> {
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
        if let Ok(data) = frame.map_err(io::Error::other)?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

/// The path of a request whose method Rocket has no word for. It lies beside the request, which
/// Rocket answers with 400 before it looks at any route, so that our catcher can do better.
#[derive(Default)]
pub(in crate::serve) struct UnknownMethod(pub(in crate::serve) Option<String>);

/// What Rocket makes of a request, step by step as in its own `Request::from_hyp`.
pub(super) fn convert<'c>(
    client: &'c Client,
    head: &'c Parts,
    peer: SocketAddr,
    body: &[u8],
) -> LocalRequest<'c> {
    // No path at all is what Rocket answers with 400: also to methods that it does not know.
    const NONE: &str = "";
    let method = head.method.as_str().parse().ok();
    let method = method.filter(|method: &Method| method.as_str() == head.method.as_str());
    let path = head.uri.path_and_query().filter(|_| method.is_some());
    let path = path.map_or(NONE, |path| path.as_str());

    let mut request = client.req(method.unwrap_or(Method::Get), path).remote(peer);
    if method.is_none() {
        request.inner().local_cache(|| UnknownMethod(Some(head.uri.path().to_owned())));
    }
    for (name, value) in &head.headers {
        // Rocket's headers are text.
        let Ok(value) = std::str::from_utf8(value.as_bytes()) else {
            continue;
        };
        match *name {
            hyper::header::HOST => {
                if let Ok(host) = Host::parse(value) {
                    request.inner_mut().set_host(host);
                }
            }
            hyper::header::COOKIE => {
                let cookies =
                    value.split(';').filter_map(|text| Cookie::parse_encoded(text.trim()).ok());
                request = cookies.fold(request, |request, cookie| request.cookie(cookie));
            }
            _ => {}
        }
        request.inner_mut().add_header(Header::new(name.as_str(), value));
    }
    if body.is_empty() { request } else { request.body(body) }
}
