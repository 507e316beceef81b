//! New orders as they come, as server-sent events. What is kept for a watcher that does not read?
//!
//! | `WATCH_QUEUE` | kept for each watcher | a watcher that never reads |
//! | --- | --- | --- |
//! | `unbounded` | every order that it has not read | holds ever more memory, for as long as it stays |
//! | `bounded` | 64 orders | is dropped: `orders_watchers_dropped_total` |
//!
//! The first is a bug to look at: off by default, shown in `fault_active`, and stopped by a budget.
//! It has no limit to the number of watchers either, and that is what hurts first: a thousand
//! clients that open the stream and never hang up.
//!
//! TCP hides a watcher that does not read for a while: the kernels on both sides take what it
//! leaves, some hundred KiB. Only then does anything wait here. And dropping a watcher gives back
//! its seat and its orders, not its connection: that is for whoever holds the connection to end
//! (`instrument`'s `connections.rs`). Next: `watch/seats.rs`, then `watch/queue.rs`.

mod metrics;
mod queue;
mod seats;
#[cfg(test)]
mod tests;

pub use metrics::{
    WATCH_BUDGET_BYTES, WATCH_BUDGET_EXHAUSTED, WATCH_WAITING_BYTES, WATCHERS,
    WATCHERS_DROPPED_TOTAL,
};
pub use seats::{Mode, Watchers};

use std::sync::Arc;

use rocket::response::stream::{Event, EventStream};
use rocket::serde::json::Json;
use rocket::tokio::select;
use rocket::tokio::time::Duration;
use rocket::{Route, Shutdown, State, get, put, routes};
use serde::{Deserialize, Serialize};

use crate::refused::Refused;

/// How often a watcher gets a sign of life when there is no order.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// `order` events; `dropped` as the last one for a watcher that was too slow.
#[get("/orders/watch")]
pub(crate) fn watch(
    watchers: &State<Arc<Watchers>>,
    mut end: Shutdown,
) -> Result<EventStream![], Refused> {
    let seat = Watchers::sit(watchers)?; // given back when the watcher leaves
    let events = EventStream! {
        loop {
            let order = select! {
                order = seat.next() => order,
                () = &mut end => None,
            };
            let Some(order) = order else {
                break;
            };
            yield Event::data(order).event("order");
        }
        if seat.was_dropped() {
            yield Event::data("too slow: open the stream again").event("dropped");
        }
    };
    Ok(events.heartbeat(HEARTBEAT))
}

/// The switch, for the admin port: `PUT /watch {"queue": "unbounded"}`.
pub(crate) fn control() -> Vec<Route> {
    routes![show, switch]
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Switch {
    queue: Mode,
}

#[get("/watch")]
fn show(watchers: &State<Arc<Watchers>>) -> Json<Switch> {
    Json(Switch { queue: watchers.mode() })
}

#[put("/watch", data = "<wanted>")]
fn switch(wanted: Json<Switch>, watchers: &State<Arc<Watchers>>) -> Json<Switch> {
    watchers.switch(wanted.queue);
    wanted
}
