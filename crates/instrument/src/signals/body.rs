//! A response body that knows whether it was read to its end.
//!
//! Rocket calls the response fairings before it sends the body, so a fairing alone records "200"
//! for a client that left long ago. Wrapping the body is the only way to tell "200" from "200, to
//! nobody". Next: `scrape.rs`, the route that Prometheus reads.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use rocket::Response;
use rocket::response::Body;
use rocket::tokio::io::{AsyncRead, AsyncSeek, ReadBuf};

use super::in_flight::InFlight;
use super::metrics::Abort;

/// A body, and the request that it answers. Dropped before its end, it counts as aborted.
pub(super) struct WatchedBody<'r> {
    body: Body<'r>,
    request: &'r InFlight,
    endpoint: &'r str,
    /// Bytes still to come; `None` if the length is unknown.
    left: Option<usize>,
    /// It ends only when the client leaves, which is then not an abort.
    is_endless: bool,
    /// It was read to its end, or its abort is counted.
    is_over: bool,
}

impl<'r> WatchedBody<'r> {
    pub(super) fn new(
        body: Body<'r>,
        request: &'r InFlight,
        endpoint: &'r str,
        left: Option<usize>,
        is_endless: bool,
    ) -> Self {
        Self { body, request, endpoint, left, is_endless, is_over: false }
    }

    fn abort(&mut self, why: Abort) {
        if !self.is_over {
            self.is_over = true;
            self.request.signals.aborted(self.endpoint, self.request.method, why);
        }
    }
}

impl AsyncRead for WatchedBody<'_> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();

        // A stream that panics here is cut short, yet hyper closes it as if it were complete: count
        // it, then let the panic go on its way.
        let read = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut this.body).poll_read(cx, buf)))
            .unwrap_or_else(|panic| {
                this.abort(Abort::BodyFailed);
                resume_unwind(panic)
            });

        match &read {
            Poll::Ready(Ok(())) => {
                let count = buf.filled().len() - before;
                this.left = this.left.map(|left| left.saturating_sub(count));
                match this.left {
                    Some(0) => this.is_over = true,
                    // Shorter than announced.
                    Some(_) if count == 0 => this.abort(Abort::BodyFailed),
                    None if count == 0 => this.is_over = true,
                    _ => {}
                }
            }
            Poll::Ready(Err(_)) => this.abort(Abort::BodyFailed),
            Poll::Pending => {}
        }
        read
    }
}

impl Drop for WatchedBody<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // A later fairing panicked, and the head that was recorded never left.
            self.abort(Abort::NoResponse);
        } else if !self.is_endless {
            self.abort(Abort::ClientLeft);
        }
    }
}

/// Puts a reader around a response's body. `size` is what the body's `size()` said.
pub(crate) fn wrap_body<'r, R>(
    response: &mut Response<'r>,
    size: Option<usize>,
    wrap: impl FnOnce(Body<'r>) -> R,
) where
    R: AsyncRead + Send + Unpin + 'r,
{
    let max_chunk = response.body().max_chunk_size();
    let body = Unseekable(wrap(response.body_mut().take()));
    match size {
        Some(size) => response.set_sized_body(size, body),
        None => response.set_streamed_body(body),
    }
    response.set_max_chunk_size(max_chunk);
}

/// Rocket asks for a seekable body only to find out its size. Here the size is announced, so that
/// nobody seeks; if somebody ever does, an error is better than a wrong length.
struct Unseekable<R>(R);

impl<R: AsyncRead + Unpin> AsyncRead for Unseekable<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_read(cx, buf)
    }
}

impl<R: Unpin> AsyncSeek for Unseekable<R> {
    fn start_seek(self: Pin<&mut Self>, _: io::SeekFrom) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn poll_complete(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }
}
