//! Prices cost CPU time: three ways to spend it, two of which bring the service down.
//!
//! Orders come in over REST (this file) and over JSON-RPC, and go out to everyone who watches.
//! Three lessons, each in a folder of its own with a page that explains it:
//!
//! | lesson | folder |
//! | --- | --- |
//! | who waits when there is not enough CPU time | `work.rs`, `work/` |
//! | what a status code does not say | `rpc.rs`, `rpc/` |
//! | what is kept for a client that does not read | `watch.rs`, `watch/` |
//!
//! None of them knows another, and `rpc` knows no orders: `methods.rs` joins the two. Whatever
//! callers send, memory stays bounded (`body.rs`), unless a bug is switched on.

mod body;
mod compute;
mod methods;
pub mod metrics;
mod refused;
pub mod rpc;
mod store;
#[cfg(test)]
mod tests;
pub mod watch;
pub mod work;

use std::num::NonZeroU16;
use std::sync::Arc;

use instrument::{Service, StartError, traced};
use rocket::data::Data;
use rocket::http::{ContentType, Status};
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
    let (work, watchers) = (Arc::new(Work::new(service)?), Arc::new(Watchers::new(service)?));
    let metrics = Metrics::register(&service.registry)?;
    let orders = Orders::new(kept, work.clone(), watchers.clone(), metrics);
    let calls = rpc::Metrics::register(&service.registry)?;
    let switches = [work::control(), watch::control()].concat();
    let watching = watchers.clone();
    service.control(|admin| admin.manage(work).manage(watching).mount("/", switches));
    let routes = routes![show, create, price, watch::watch, methods::call, document];
    let rocket = service.rocket().manage(orders).manage(calls).manage(watchers);
    Ok(rocket.mount("/", traced(routes)))
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

/// What can be asked, for programs. A test holds it against the routes.
#[get("/openapi.yaml")]
fn document() -> (ContentType, &'static str) {
    (ContentType::new("application", "yaml"), include_str!("../openapi.yaml"))
}

impl From<Busy> for Refused {
    fn from(_: Busy) -> Self {
        Self::Busy("busy, try again later\n", retry_after())
    }
}
