//! A response body that knows whether it was read to its end.
//!
//! Rocket calls the response fairings before it sends the body, so a fairing alone records "200"
//! for a client that left long ago. Wrapping the body is the only way to tell "200" from "200, to
//! nobody".

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rocket::response::Body;
use rocket::tokio::io::{AsyncRead, AsyncSeek, ReadBuf};

use crate::in_flight::InFlight;

/// The original body, the request it answers, and how many bytes are still to come (`None`: unknown
/// length).
pub(crate) struct WatchedBody<'r> {
    pub(crate) body: Body<'r>,
    pub(crate) request: Arc<InFlight>,
    pub(crate) left: Option<usize>,
}

impl AsyncRead for WatchedBody<'_> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // A tracing span ends when it was last *entered*: without this, a stream's span would end
        // at its head.
        let _entered = this.request.span.get().map(tracing::Span::enter);
        let before = buf.filled().len();

        // A stream that panics here is cut short, yet hyper closes it as if it were complete: count
        // it, then let the panic go on its way.
        let read =
            match catch_unwind(AssertUnwindSafe(|| Pin::new(&mut this.body).poll_read(cx, buf))) {
                Ok(read) => read,
                Err(panic) => {
                    this.request.body_failed();
                    resume_unwind(panic)
                }
            };

        match &read {
            Poll::Ready(Ok(())) => {
                let count = buf.filled().len() - before;
                this.left = this.left.map(|left| left.saturating_sub(count));
                if count == 0 && this.left.unwrap_or(0) > 0 {
                    this.request.body_failed(); // ended before its announced length
                } else if count == 0 || this.left == Some(0) {
                    this.request.done();
                }
            }
            Poll::Ready(Err(_)) => this.request.body_failed(),
            Poll::Pending => {}
        }
        read
    }
}

/// Rocket asks for a seekable body only to find out its size. The fairing always announces the
/// size, so that this is never called; if it ever is, an error is better than a wrong length.
impl AsyncSeek for WatchedBody<'_> {
    fn start_seek(self: Pin<&mut Self>, _: io::SeekFrom) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn poll_complete(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }
}
