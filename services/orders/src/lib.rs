//! Prices cost CPU time: three ways to spend it, two of which bring the service down.
//!
//! Orders come in over REST (this file) and over JSON-RPC, and go out to everyone who watches.
//! Four lessons, each to be read alone: `work.rs`, who waits when there is not enough CPU time;
//! `rpc.rs`, what a status code does not say; `watch.rs`, streams for watchers that may be slow;
//! `body.rs`, how little a caller may send. Whatever callers send, memory stays bounded: bodies,
//! batches, the queue, the watchers and the store all have a limit.

mod body;
mod methods;
pub mod metrics;
mod refused;
pub mod rpc;
mod store;
#[cfg(test)]
mod tests;
mod watch;
pub mod work;

use std::num::NonZeroU16;
use std::sync::Arc;

use instrument::{Service, StartError, traced};
use rocket::data::Data;
use rocket::http::Status;
use rocket::response::status::Created;
use rocket::serde::json::Json;
use rocket::{Build, Rocket, State, get, post, routes};

use metrics::Metrics;
use refused::{Refused, retry_after};
use store::{Item, Order, Orders, Price};
use watch::Watchers;
use work::{Busy, Work};

/// The service, ready to launch.
///
/// # Errors
/// If a setting cannot be used.
pub fn build(service: &mut Service) -> Result<Rocket<Build>, StartError> {
    const KEPT: NonZeroU16 = NonZeroU16::new(10_000).expect("10000 is not 0");
    let remedy = "set it to how many orders are kept, 1 to 65535";
    let kept = service.env.parse("ORDERS_MAX", KEPT, remedy)?;
    let metrics = Metrics::register(&service.registry)?;
    let work = Arc::new(Work::new(service, metrics.clone())?);
    let orders = Orders::new(kept, work.clone(), metrics);
    service.control(|admin| admin.manage(work).mount("/", work::control()));
    let routes = routes![show, create, price, watch::watch, methods::call];
    Ok(service.rocket().manage(orders).manage(Watchers::default()).mount("/", traced(routes)))
}

#[get("/orders/<id>")]
fn show(id: u64, orders: &State<Orders>) -> Option<Json<Order>> {
    orders.find(id).map(Json)
}

#[post("/orders", data = "<body>")]
async fn create(body: Data<'_>, orders: &State<Orders>) -> Result<Created<Json<Order>>, Refused> {
    let body = body::read(body).await?;
    let text = body::json(&body).map_err(|why| (Status::BadRequest, why))?;
    let wanted = body::object(text).map_err(|why| (Status::UnprocessableEntity, why))?;
    let order = orders.create(wanted).await?;
    Ok(Created::new(format!("/orders/{}", order.id)).body(Json(order)))
}

#[get("/orders/price/<item>")]
async fn price(item: Item, orders: &State<Orders>) -> Result<Json<Price>, Refused> {
    Ok(Json(orders.price(item).await?))
}

impl From<Busy> for Refused {
    fn from(_: Busy) -> Self {
        Self::Busy("busy, try again later\n", retry_after())
    }
}
