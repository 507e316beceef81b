//! New orders as they come, as server-sent events.
//!
//! A watcher stays for hours, and a slow one must not make the others wait, nor the service keep
//! what it did not read. So there is a limit to how many watch, and to how far behind each may be.

use std::sync::Arc;

use rocket::response::stream::{Event, EventStream};
use rocket::tokio::select;
use rocket::tokio::sync::{Semaphore, broadcast::error::RecvError};
use rocket::tokio::time::Duration;
use rocket::{Shutdown, State, get};

use crate::refused::Refused;
use crate::store::Orders;
use crate::work::Busy;

/// Watchers at a time.
pub(crate) const WATCHERS_MAX: usize = 100;
/// How often a watcher gets a sign of life when there is no order.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// One permit for each watcher.
pub(crate) struct Watchers(Arc<Semaphore>);

impl Default for Watchers {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(WATCHERS_MAX)))
    }
}

/// `order` events, and `missed` with a number for a watcher that was too slow.
#[get("/orders/watch")]
pub(crate) fn watch(
    orders: &State<Orders>,
    watchers: &State<Watchers>,
    mut end: Shutdown,
) -> Result<EventStream![], Refused> {
    let permit = watchers.0.clone().try_acquire_owned().map_err(|_| Busy)?;
    let mut news = orders.news.subscribe();
    let events = EventStream! {
        let _permit = permit; // given back when the watcher leaves
        loop {
            let event = select! {
                order = news.recv() => match order {
                    Ok(order) => Event::json(&order).event("order"),
                    Err(RecvError::Lagged(missed)) => {
                        Event::data(missed.to_string()).event("missed")
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
