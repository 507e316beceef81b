//! The Rocket fairing that moves the golden signals.
//!
//! Attach it before any other fairing: request and response fairings run in the order in which they
//! were attached, and what happens in an earlier one is invisible to a later one.

use std::sync::Arc;

use rocket::fairing::{self, Fairing, Info};
use rocket::http::{ContentType, Method, Status};
use rocket::{Build, Data, Orbit, Request, Response, Rocket};

use crate::body::WatchedBody;
use crate::in_flight::{InFlight, Kind};
use crate::signals::{Signals, UNMATCHED};

/// Attaches [`Signals`] to every request of a Rocket application.
pub struct GoldenSignals(pub Arc<Signals>);

/// What the fairing keeps per request. `None` when the request never passed `on_request`.
#[derive(Default)]
pub(crate) struct Slot(pub(crate) Option<Arc<InFlight>>);

impl Slot {
    pub(crate) fn of<'r>(request: &'r Request<'_>) -> Option<&'r Arc<InFlight>> {
        request.local_cache(Slot::default).0.as_ref()
    }
}

#[rocket::async_trait]
impl Fairing for GoldenSignals {
    fn info(&self) -> Info {
        use fairing::Kind;
        Info {
            name: "golden signals",
            kind: Kind::Ignite | Kind::Liftoff | Kind::Request | Kind::Response,
        }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> fairing::Result {
        Ok(rocket.manage(self.0.clone()))
    }

    /// All routes are mounted by now: give each its series, at 0.
    async fn on_liftoff(&self, rocket: &Rocket<Orbit>) {
        for route in rocket.routes() {
            self.0.expect(route.uri.as_str(), route.method);
        }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        // The method is noted now: Rocket serves a HEAD by a GET route by turning the request into
        // a GET.
        let method = request.method().as_str();
        request.local_cache(|| Slot(Some(Arc::new(InFlight::new(&self.0, method)))));
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let Some(in_flight) = Slot::of(request) else {
            return;
        };
        let endpoint = request.route().map_or(UNMATCHED, |route| route.uri.as_str());
        let size = response.body_mut().size().await;
        let kind = match (response.body().is_some(), size) {
            (true, None) if response.content_type() == Some(ContentType::EventStream) => {
                Kind::Events
            }
            (true, None) => Kind::Stream,
            _ => Kind::Message,
        };
        in_flight.answered(endpoint, response.status(), kind);
        if let Some(span) = in_flight.span.get() {
            crate::spans::answered(span, response.status());
        }

        if sends_no_body(in_flight, response) {
            in_flight.done();
            return;
        }
        let max_chunk = response.body().max_chunk_size();
        let body = WatchedBody {
            body: response.body_mut().take(),
            request: in_flight.clone(),
            left: size,
        };
        match size {
            Some(size) => response.set_sized_body(size, body),
            None => response.set_streamed_body(body),
        }
        response.set_max_chunk_size(max_chunk);
    }
}

/// Rocket discards the body of these after the fairings ran: a watched body would then look
/// abandoned.
fn sends_no_body(in_flight: &InFlight, response: &Response<'_>) -> bool {
    response.body().is_none()
        || response.body().preset_size() == Some(0)
        || in_flight.method == Method::Head.as_str()
        || [Status::NoContent, Status::NotModified].contains(&response.status())
}
