//! A body that a route reads while it arrives.
//!
//! Other bodies are in memory before their route is asked, which keeps slow senders away from
//! handlers, and is too much for bodies as long as a layer of an image. A service that takes those
//! says which requests they are ([`crate::Service::stream`]). For such a request no time is too
//! long as long as something moves: each piece of the body may take `CONNECTION_BODY_TIMEOUT`.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::body::{Bytes, Incoming};
use rocket::Request;
use rocket::data::{Data, DataStream, FromData, Outcome, ToByteUnit};
use rocket::http::Method;
use rocket::tokio::io::AsyncReadExt;
use rocket::tokio::time::timeout;

use super::request::next;

/// Which requests are streamed.
pub(crate) type Streamed = fn(Method, &str) -> bool;

/// Bytes that are read at a time where the body does not come from this listener.
const PIECE: usize = 64 << 10;

/// What of a body is left, on its way from the listener to the route and back.
#[derive(Default)]
pub(super) struct Waiting(Mutex<Option<Rest>>);

pub(super) struct Rest {
    pub(super) body: Incoming,
    pub(super) patience: Duration,
}

impl Waiting {
    pub(super) fn of(rest: Rest) -> Self {
        Self(Mutex::new(Some(rest)))
    }

    fn put_back(&self, rest: Option<Rest>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = rest;
    }

    pub(super) fn take(&self) -> Option<Rest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A body, piece by piece: `#[put("/..", data = "<upload>")]`, `upload: Upload<'_>`.
pub struct Upload<'r> {
    source: Source<'r>,
    waiting: Arc<Waiting>,
}

enum Source<'r> {
    Arriving(Option<Rest>),
    /// Of Rocket's own listener, and of tests.
    Rocket(Box<DataStream<'r>>),
}

#[rocket::async_trait]
impl<'r> FromData<'r> for Upload<'r> {
    type Error = std::convert::Infallible;

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r, Self> {
        let waiting = request.local_cache(Arc::<Waiting>::default).clone();
        let source = match waiting.take() {
            Some(rest) => Source::Arriving(Some(rest)),
            // Whoever reads it sets the limit.
            None => Source::Rocket(Box::new(data.open(u64::MAX.bytes()))),
        };
        Outcome::Success(Self { source, waiting })
    }
}

impl Upload<'_> {
    /// The next bytes; none at the end.
    ///
    /// # Errors
    /// The client has left, or has sent nothing for too long (`TimedOut`).
    pub async fn next(&mut self) -> io::Result<Option<Bytes>> {
        match &mut self.source {
            Source::Arriving(None) => Ok(None),
            Source::Arriving(Some(Rest { body, patience })) if patience.is_zero() => {
                next(body).await
            }
            Source::Arriving(Some(Rest { body, patience })) => {
                timeout(*patience, next(body)).await?
            }
            Source::Rocket(data) => {
                let mut piece = Vec::with_capacity(PIECE);
                let read = data.read_buf(&mut piece).await?;
                Ok((read > 0).then(|| piece.into()))
            }
        }
    }
}

/// What the route did not read is for the listener to throw away.
impl Drop for Upload<'_> {
    fn drop(&mut self) {
        if let Source::Arriving(rest) = &mut self.source {
            self.waiting.put_back(rest.take());
        }
    }
}
