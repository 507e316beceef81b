//! From Rocket's response to hyper's.
//!
//! A response borrows from its request, and hyper wants a body that borrows nothing. So the task
//! that has both gives out the head, and then the body piece by piece, through a channel. A short
//! body goes with the head.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::header::{CONNECTION, CONTENT_LENGTH, HeaderValue};
use hyper::{Response, StatusCode};
use rocket::local::asynchronous::LocalResponse;
use rocket::tokio::io::AsyncReadExt;
use rocket::tokio::sync::{mpsc, oneshot};

use super::state::State;

/// A body on its way to hyper.
pub(super) struct Payload {
    first: Option<Bytes>,
    rest: Option<mpsc::Receiver<io::Result<Bytes>>>,
    state: Arc<State>,
}

impl Body for Payload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        let Some(rest) = &mut self.rest else {
            return Poll::Ready(None);
        };
        rest.poll_recv(cx).map(|piece| Some(piece?.map(Frame::data)))
    }

    /// Of a body without bytes nothing is said: its head may announce some all the same, to a HEAD.
    fn size_hint(&self) -> SizeHint {
        match &self.first {
            Some(first) if self.rest.is_none() => SizeHint::with_exact(first.len() as u64),
            _ => SizeHint::default(),
        }
    }
}

/// Hyper drops it after the last byte, or when the client has left.
impl Drop for Payload {
    fn drop(&mut self) {
        self.state.answered();
    }
}

/// Gives out a response: the head to `head`, the body as it is taken.
pub(super) async fn give_out(
    mut response: LocalResponse<'_>,
    has_body: bool,
    state: &Arc<State>,
    head: oneshot::Sender<Response<Payload>>,
) -> io::Result<()> {
    let size = response.body().preset_size();
    let chunk = response.body().max_chunk_size();
    let (built, is_closed) = (build(&response, size)?, head.is_closed());
    let finish = |first, rest| {
        let payload = Payload { first, rest, state: state.clone() };
        let (parts, ()) = built.into_parts();
        // An error means that the client has left, and then the body is not read.
        head.send(Response::from_parts(parts, payload)).map_err(|_| left())
    };
    match size {
        _ if !has_body => finish(None, None),
        Some(0) => finish(None, None),
        Some(size) if size <= chunk => {
            if is_closed {
                return Err(left());
            }
            let mut whole = Vec::with_capacity(size);
            while whole.len() < size {
                if response.read_buf(&mut whole).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            finish(Some(whole.into()), None)
        }
        _ => {
            if size.is_none() {
                state.streams();
            }
            let (pieces, rest) = mpsc::channel(1);
            finish(None, Some(rest))?;
            loop {
                let mut piece = Vec::with_capacity(chunk);
                match response.read_buf(&mut piece).await {
                    Ok(0) => return Ok(()),
                    Ok(_) => pieces.send(Ok(piece.into())).await.map_err(|_| left())?,
                    // Hyper then cuts the connection, so that nobody takes half a body for whole.
                    Err(why) => return pieces.send(Err(why)).await.map_err(|_| left()),
                }
            }
        }
    }
}

fn left() -> io::Error {
    io::ErrorKind::BrokenPipe.into()
}

/// The head.
fn build(response: &LocalResponse<'_>, size: Option<usize>) -> io::Result<Response<()>> {
    let mut built = Response::builder().status(response.status().code);
    let is_chunked = response.headers().contains("Transfer-Encoding");
    for header in response.headers().iter() {
        let is_length = header.name == "Content-Length";
        if !is_length || !is_chunked && size.is_none() {
            built = built.header(header.name.as_str(), header.value.as_bytes());
        }
    }
    if let Some(size) = size.filter(|_| !is_chunked) {
        built = built.header(CONTENT_LENGTH, HeaderValue::from(size));
    }
    built.body(()).map_err(io::Error::other)
}

/// The answer to a request that Rocket is not asked. The connection closes after it: what follows
/// on it is the rest of that request.
pub(super) fn refusal(status: StatusCode, state: &Arc<State>) -> Response<Payload> {
    let reason = status.canonical_reason().unwrap_or_default();
    let text = format!("{} {reason}\n", status.as_u16());
    let payload = Payload { first: Some(text.into()), rest: None, state: state.clone() };
    let mut response = Response::new(payload);
    *response.status_mut() = status;
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
