//! The route that Prometheus reads: all metrics of a registry, as text.
//!
//! A scrape is nobody's traffic: it would flatter every availability objective, and would always
//! find one request in flight, itself. So it takes itself out of the signals that it reports.

use prometheus::{Encoder, Registry, TextEncoder};
use rocket::http::{ContentType, Method, Status};
use rocket::route::{Handler, Outcome};
use rocket::{Data, Request, Route};

use super::in_flight::InFlight;

/// The name by which the fairing recognizes the route.
const NAME: &str = "golden signals: scrape";

/// The route, to be mounted at `/metrics`.
pub(super) fn route(registry: Registry) -> Route {
    let mut route = Route::new(Method::Get, "/", Scrape(registry));
    route.name = Some(NAME.into());
    route
}

pub(super) fn is_scrape(route: &Route) -> bool {
    route.name.as_deref() == Some(NAME)
}

#[derive(Clone)]
struct Scrape(Registry);

#[rocket::async_trait]
impl Handler for Scrape {
    async fn handle<'r>(&self, request: &'r Request<'_>, _: Data<'r>) -> Outcome<'r> {
        if let Some(in_flight) = InFlight::find(request) {
            in_flight.leave_out();
        }
        Outcome::from(request, text(&self.0))
    }
}

/// All metrics of a registry, in Prometheus' text format.
pub(crate) fn text(registry: &Registry) -> Result<(ContentType, Vec<u8>), (Status, String)> {
    let mut text = Vec::new();
    TextEncoder::new().encode(&registry.gather(), &mut text).map_err(|why| {
        (Status::InternalServerError, format!("metrics cannot be written: {why}\n"))
    })?;
    let format =
        ContentType::new("text", "plain").with_params([("version", "0.0.4"), ("charset", "utf-8")]);
    Ok((format, text))
}
