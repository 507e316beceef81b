//! Prices cost CPU time: three ways to spend it, of which two bring the service down.
//!
//! Orders come in over REST and over JSON-RPC, and go out to everyone who watches. Next: `work.rs`,
//! for the lesson; then `rpc.rs`, for what a status code does not say. Whatever callers send,
//! memory stays bounded: bodies, batches, the queue, the watchers and the store all have a limit.

mod body;
pub mod metrics;
pub mod rpc;
mod store;
#[cfg(test)]
mod tests;
pub mod work;

pub use body::BODY_MAX_KIB;

use std::num::NonZeroU16;
use std::sync::Arc;

use instrument::{Service, StartError, traced};
use rocket::data::Data;
use rocket::http::{Header, Status};
use rocket::response::status::Created;
use rocket::response::stream::{Event, EventStream};
use rocket::serde::json::Json;
use rocket::tokio::select;
use rocket::tokio::sync::{Semaphore, broadcast::error::RecvError};
use rocket::tokio::time::Duration;
use rocket::{Build, Responder, Rocket, Shutdown, State, get, post, routes};

use metrics::Metrics;
use store::{Item, Order, Orders, Price};
use work::{Busy, Work};

/// Watchers at a time.
const WATCHERS_MAX: usize = 100;
/// How often a watcher hears something even if there is nothing to say.
const HEARTBEAT: Duration = Duration::from_secs(5);

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
    let routes = routes![show, create, price, watch, rpc::rpc];
    Ok(service
        .rocket()
        .manage(orders)
        .manage(Watchers(Arc::new(Semaphore::new(WATCHERS_MAX))))
        .mount("/", traced(routes)))
}

/// Why a request is refused: in one line, with status and remedy.
#[derive(Debug, Responder)]
enum Refused {
    Wrong((Status, String)),
    #[response(status = 503)]
    Busy(&'static str, Header<'static>),
}

impl From<(Status, String)> for Refused {
    fn from(wrong: (Status, String)) -> Self {
        Self::Wrong(wrong)
    }
}

impl From<Busy> for Refused {
    fn from(_: Busy) -> Self {
        Self::Busy("busy, try again later\n", retry_after())
    }
}

/// Seconds after which trying again is worth while.
fn retry_after() -> Header<'static> {
    Header::new("Retry-After", "1")
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

/// One permit for each watcher.
struct Watchers(Arc<Semaphore>);

/// New orders as they come, as server-sent events.
#[get("/orders/watch")]
fn watch(
    orders: &State<Orders>,
    watchers: &State<Watchers>,
    mut end: Shutdown,
) -> Result<EventStream![], Refused> {
    let place = watchers.0.clone().try_acquire_owned();
    let place = place.map_err(|_| Busy)?;
    let mut news = orders.news.subscribe();
    let events = EventStream! {
        let _place = place;
        loop {
            let event = select! {
                order = news.recv() => match order {
                    Ok(order) => Event::json(&order).event("order"),
                    Err(RecvError::Lagged(orders)) => {
                        Event::data(orders.to_string()).event("missed")
                    }
                    Err(RecvError::Closed) => break,
                },
                () = &mut end => break,
            };
            yield event;
        }
    };
    Ok(events.heartbeat(HEARTBEAT))
}
