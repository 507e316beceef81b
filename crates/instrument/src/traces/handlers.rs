//! A span around every handler and catcher.
//!
//! A fairing cannot put a span around a handler, because it only runs before and after. Wrapping
//! the handlers when they are mounted can: `mount("/", traced(routes![..]))`. Next: `spans.rs`, for
//! what is in a span.

use opentelemetry::Context;
use opentelemetry::trace::{FutureExt, TraceContextExt};
use rocket::futures::future::BoxFuture;
use rocket::http::Status;
use rocket::route::{Handler, Outcome};
use rocket::{Catcher, Data, Request, Route, catcher};
use tracing::{Instrument, Span};

use super::ids::Numbered;
use super::propagation;
use super::spans::RequestSpan;
use crate::signals::request_number;

/// Wraps routes so that their handlers run inside a request span.
pub fn traced(mut routes: Vec<Route>) -> Vec<Route> {
    for route in &mut routes {
        route.handler = Box::new(Traced(route.handler.clone()));
    }
    routes
}

/// Wraps catchers likewise. Rocket's own default catcher cannot be wrapped, which is why
/// [`crate::Service`] registers one for every service.
pub fn traced_catchers(mut catchers: Vec<Catcher>) -> Vec<Catcher> {
    for catcher in &mut catchers {
        catcher.handler = Box::new(TracedCatcher(catcher.handler.clone()));
    }
    catchers
}

#[derive(Clone)]
struct Traced(Box<dyn Handler>);

// Written out instead of with `async_trait`, so that the inner future is passed on: an `await` on
// the way would move the response, some hundred bytes, once more.
impl Handler for Traced {
    fn handle<'r, 'life0, 'life1, 'async_trait>(
        &'life0 self,
        request: &'r Request<'life1>,
        data: Data<'r>,
    ) -> BoxFuture<'async_trait, Outcome<'r>>
    where
        'r: 'async_trait,
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        Scope::choose(request).around(self.0.handle(request, data))
    }
}

#[derive(Clone)]
struct TracedCatcher(Box<dyn catcher::Handler>);

#[rocket::async_trait]
impl catcher::Handler for TracedCatcher {
    async fn handle<'r>(&self, status: Status, request: &'r Request<'_>) -> catcher::Result<'r> {
        Scope::choose(request).around(self.0.handle(status, request)).await
    }
}

/// What a handler runs in.
enum Scope {
    /// The request is traced.
    Span(Span),
    /// Nobody collects traces, but the caller sent the ids of one.
    Caller(Context),
    /// Nobody collects traces: ids are made when somebody asks for them.
    Number(u64),
    /// No golden signals are attached, so that the request has no number.
    Nothing,
}

impl Scope {
    fn choose(request: &Request<'_>) -> Self {
        if let Some(span) = RequestSpan::get_or_begin(request) {
            Self::Span(span.clone())
        } else if let Some(context) = propagation::caller(request.headers()).filter(is_valid) {
            Self::Caller(context)
        } else {
            request_number(request).map_or(Self::Nothing, Self::Number)
        }
    }

    fn around<'f, T: 'f>(self, handler: BoxFuture<'f, T>) -> BoxFuture<'f, T> {
        match self {
            Self::Span(span) => Box::pin(handler.instrument(span)),
            Self::Caller(context) => Box::pin(handler.with_context(context)),
            Self::Number(number) => Box::pin(Numbered { number, future: handler }),
            Self::Nothing => handler,
        }
    }
}

fn is_valid(context: &Context) -> bool {
    context.span().span_context().is_valid()
}
